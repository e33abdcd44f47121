// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

// Reason is why a member changed.
type Reason uint8

// The reasons. The zero Reason is an unknown one.
const (
	Started        Reason = iota + 1 // this node started
	Joined                           // it answered, and was not listed
	Returned                         // it was dead or had left, and answers again
	Restarted                        // it was alive, and answers with a new session
	Answered                         // it was suspected, and answers
	Updated                          // its tags or the way to it changed
	NoAnswer                         // By got no answer from it
	LeftGracefully                   // it left gracefully
	Removed                          // an operator removed it on By
	GivenUp                          // it was gone for too long, or another needed its place in the table
	Refused                          // the table had no capacity for it
	SelfRemoved                      // this node itself was removed from the cluster, as By reports
)

// reasonNames are the names of the reasons, those of the API without their prefix. The API
// and the status page take theirs from here.
var reasonNames = [...]string{
	Started: "STARTED", Joined: "JOINED", Returned: "RETURNED", Restarted: "RESTARTED", Answered: "ANSWERED", Updated: "UPDATED",
	NoAnswer: "NO_ANSWER", LeftGracefully: "GOODBYE", Removed: "EXPELLED", GivenUp: "GIVEN_UP", Refused: "REFUSED", SelfRemoved: "EXILED",
}

// String returns the name of the reason, such as NO_ANSWER; the empty string when it is
// not known.
func (r Reason) String() string {
	if int(r) >= len(reasonNames) {
		return ""
	}
	return reasonNames[r]
}

// ReasonTo returns the reason for which Set gives a member the status.
func ReasonTo(s Status) Reason {
	switch s {
	case Alive:
		return Answered
	case Suspected, Dead:
		return NoAnswer
	case Left:
		return LeftGracefully
	default:
		return 0
	}
}

// reasonPut returns the reason for which Put changes a member. The status of old is 0 if
// it was not listed.
func reasonPut(old Member, info Info) Reason {
	switch {
	case old.Status == 0:
		return Joined
	case old.Status.Gone():
		return Returned
	case old.Session != info.Session:
		return Restarted
	case old.Status == Suspected:
		return Answered
	default:
		return Updated
	}
}
