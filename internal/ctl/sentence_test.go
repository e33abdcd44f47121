// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"testing"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestSentences: every reason has words, which tell this node from others.
func TestSentences(t *testing.T) {
	for n := range tamtamv1.ChangeReason_name {
		// By the member itself: there are no words for that but those of the reason.
		c := cause{"m", "here", "m", tamtamv1.ChangeReason(n), tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED}
		if n != 0 && c.sentence() == "" {
			t.Errorf("%v has no words", c.reason)
		}
	}
	const no = tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER
	for want, c := range map[string]cause{
		"":                                     {member: "m", local: "here", by: "m"},
		"there said so":                        {member: "m", local: "here", by: "there"},
		"this node found out":                  {member: "m", local: "here", by: "here"},
		"it does not answer this node":         {"m", "here", "here", no, tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED},
		"there said it does not answer":        {"m", "here", "there", no, tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED},
		"there said it did not answer in time": {"m", "here", "there", no, tamtamv1.MemberStatus_MEMBER_STATUS_DEAD},
		"it answers":                           {"m", "here", "m", tamtamv1.ChangeReason_CHANGE_REASON_ANSWERED, 0},
		"there said it answers":                {"m", "here", "there", tamtamv1.ChangeReason_CHANGE_REASON_ANSWERED, 0},
		"a user had this node remove it":       {"m", "here", "here", tamtamv1.ChangeReason_CHANGE_REASON_EXPELLED, 0},
	} {
		if got := c.sentence(); got != want {
			t.Errorf("%+v: %q, want %q", c, got, want)
		}
	}
	// Of a daemon newer than we are.
	if got := (cause{"m", "here", "there", 99, 0}).sentence(); got != "there said so" {
		t.Errorf("an unknown reason: %q", got)
	}
}
