// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"github.com/eelcocramer/tamtam/internal/ctl/follow"
)

// ChangeStatus returns the status of a member after an event, or Removed.
func ChangeStatus(e follow.Event) string {
	if e.Change.GetRemoved() {
		return Removed
	}
	return Status(e.Member.GetStatus())
}

// Was returns "  was STATUS" if the status before an event was another one.
func Was(e follow.Event) string {
	was := PreviousStatus(e.Change.GetPreviousStatus())
	if was == "" || was == ChangeStatus(e) {
		return ""
	}
	return "  was " + was
}

// Because returns ": REASON" for an event, or "" if there is nothing to say.
func Because(e follow.Event) string {
	if e.Change == nil {
		return ""
	}
	if e.Inferred {
		return ": found after reconnecting"
	}
	c := Cause{e.Member.GetAddress(), e.Local, e.Change.GetReportedBy(), e.Change.GetReason(), e.Member.GetStatus()}
	if s := c.Sentence(); s != "" {
		return ": " + s
	}
	return ""
}
