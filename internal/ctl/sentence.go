// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"strings"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// cause is why a member changed, and who said so.
type cause struct {
	member string // its address
	local  string // the address of the node that is asked; empty when not known
	by     string
	reason tamtamv1.ChangeReason
	status tamtamv1.MemberStatus // after it
}

// sentence says it in words, empty when there is nothing to say.
func (c cause) sentence() string {
	ours := c.by == "" || c.by == c.local
	// Something that is the reporter's own doing.
	said := func(own, others string) string {
		if ours {
			return own
		}
		return c.by + others
	}
	switch c.reason {
	case tamtamv1.ChangeReason_CHANGE_REASON_STARTED:
		return "this node started"
	case tamtamv1.ChangeReason_CHANGE_REASON_JOINED:
		return "it answered, and is new"
	case tamtamv1.ChangeReason_CHANGE_REASON_RETURNED:
		return "it answers again"
	case tamtamv1.ChangeReason_CHANGE_REASON_RESTARTED:
		return "it was restarted"
	case tamtamv1.ChangeReason_CHANGE_REASON_ANSWERED:
		if c.by == c.member {
			return "it answers"
		}
		return said("it answers this node", " said it answers")
	case tamtamv1.ChangeReason_CHANGE_REASON_UPDATED:
		return "it says something else of itself"
	case tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER:
		if c.status == tamtamv1.MemberStatus_MEMBER_STATUS_DEAD {
			return said("it did not answer this node in time", " said it did not answer in time")
		}
		return said("it does not answer this node", " said it does not answer")
	case tamtamv1.ChangeReason_CHANGE_REASON_GOODBYE:
		return "it said goodbye"
	case tamtamv1.ChangeReason_CHANGE_REASON_EXPELLED:
		return said("a user had this node remove it", " said a user removed it")
	case tamtamv1.ChangeReason_CHANGE_REASON_GIVEN_UP:
		return "it was gone for too long, or made room for another"
	case tamtamv1.ChangeReason_CHANGE_REASON_REFUSED:
		return "there was no room for it"
	case tamtamv1.ChangeReason_CHANGE_REASON_EXILED:
		return said("this node was removed from the cluster", " said this node was removed from the cluster")
	}
	if c.by == "" || c.by == c.member { // of a daemon that tells no reason
		return ""
	}
	return said("this node found out", " said so")
}

// reasonName is a reason as scripts see it; empty when there is none.
func reasonName(r tamtamv1.ChangeReason) string {
	if r == 0 {
		return ""
	}
	return strings.TrimPrefix(r.String(), "CHANGE_REASON_")
}
