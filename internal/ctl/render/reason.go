// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Cause is why a member changed, and which node reported it.
type Cause struct {
	Member   string // its address
	Local    string // the address of the node that was asked; empty when not known
	Reporter string // empty when not known
	Reason   tamtamv1.ChangeReason
	Status   tamtamv1.MemberStatus // after the change
}

// Sentence says it in words, for people; empty when there is nothing to say.
func (c Cause) Sentence() string {
	dead := c.Status == tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
	switch c.Reason {
	case tamtamv1.ChangeReason_CHANGE_REASON_STARTED:
		return "this node started"
	case tamtamv1.ChangeReason_CHANGE_REASON_JOINED:
		return "it joined"
	case tamtamv1.ChangeReason_CHANGE_REASON_RETURNED:
		return "it came back"
	case tamtamv1.ChangeReason_CHANGE_REASON_RESTARTED:
		return "it was restarted"
	case tamtamv1.ChangeReason_CHANGE_REASON_ANSWERED:
		if c.Reporter == c.Member {
			return "it answers"
		}
		return c.reported("it answers this node", "it answers")
	case tamtamv1.ChangeReason_CHANGE_REASON_UPDATED:
		return "its name, version or tags changed, or the way to it"
	case tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER:
		if dead {
			return c.reported("no answer to this node in time", "no answer in time")
		}
		return c.reported("no answer to this node", "no answer")
	case tamtamv1.ChangeReason_CHANGE_REASON_GOODBYE:
		if c.Reporter == c.Member {
			return "it left"
		}
		return c.reported("it left", "it left")
	case tamtamv1.ChangeReason_CHANGE_REASON_EXPELLED:
		return c.reported("removed by an operator on this node", "removed by an operator")
	case tamtamv1.ChangeReason_CHANGE_REASON_GIVEN_UP:
		return "it was gone for too long, or its place was needed"
	case tamtamv1.ChangeReason_CHANGE_REASON_REFUSED:
		return "the list of members is full"
	case tamtamv1.ChangeReason_CHANGE_REASON_EXILED:
		const text = "this node was removed from the cluster"
		return c.reported(text, text)
	}
	if c.Reporter == "" || c.Reporter == c.Member { // of a daemon that gives no reason
		return ""
	}
	if c.Reporter == c.Local {
		return "reported by this node"
	}
	return "reported by " + c.Reporter
}

// reported returns own if the node that was asked reported the change itself, and else others
// with the name of the reporter.
func (c Cause) reported(own, others string) string {
	if c.Reporter == "" || c.Reporter == c.Local {
		return own
	}
	return others + ", reported by " + c.Reporter
}
