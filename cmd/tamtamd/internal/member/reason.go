// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

// Reason is why a member changed.
type Reason uint8

// The reasons. The zero Reason is none that is known.
const (
	Started   Reason = iota + 1 // this node started
	Joined                      // it answered, and was not listed
	Returned                    // it had ended, and answers again
	Restarted                   // it answers as another session than the one that was alive
	Answered                    // it was suspected, and answers
	Updated                     // it says something else of itself
	NoAnswer                    // By got no answer from it
	Goodbye                     // it said goodbye
	Expelled                    // a user had By remove it
	GivenUp                     // it ended too long ago to be kept, or made room for another
	Refused                     // there was no room for it
	Exiled                      // this node itself was removed from the cluster, By says
)

// reasonNames are the names of the reasons, those of the API without their prefix. The
// status page and the API take theirs from here; tests compare them with the others.
var reasonNames = [...]string{
	Started: "STARTED", Joined: "JOINED", Returned: "RETURNED", Restarted: "RESTARTED", Answered: "ANSWERED", Updated: "UPDATED",
	NoAnswer: "NO_ANSWER", Goodbye: "GOODBYE", Expelled: "EXPELLED", GivenUp: "GIVEN_UP", Refused: "REFUSED", Exiled: "EXILED",
}

// String returns the name of the reason, such as NO_ANSWER; the empty string when it is
// not known.
func (r Reason) String() string {
	if int(r) >= len(reasonNames) {
		return ""
	}
	return reasonNames[r]
}

// reasonTo is why a listed member takes a status that it does not take by Put.
func reasonTo(s Status) Reason {
	switch s {
	case Alive:
		return Answered
	case Suspected, Dead:
		return NoAnswer
	case Left:
		return Goodbye
	default:
		return 0
	}
}

// reasonPut is why Put changes a member; old is the one that was listed, if any.
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
