// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	alive     = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE
	suspected = tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
	dead      = tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
)

// TestSentences: every reason has words, which distinguish this node from others.
func TestSentences(t *testing.T) {
	for n := range tamtamv1.ChangeReason_name {
		// The member itself is the reporter, so that only the reason has words.
		c := Cause{"m", "here", "m", tamtamv1.ChangeReason(n), suspected}
		if n != 0 && c.Sentence() == "" {
			t.Errorf("%v has no words", c.Reason)
		}
	}
	const (
		no       = tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER
		answered = tamtamv1.ChangeReason_CHANGE_REASON_ANSWERED
		left     = tamtamv1.ChangeReason_CHANGE_REASON_GOODBYE
		removed  = tamtamv1.ChangeReason_CHANGE_REASON_EXPELLED
	)
	for want, c := range map[string]Cause{
		"":                                       {Member: "m", Local: "here", Reporter: "m"},
		"reported by there":                      {Member: "m", Local: "here", Reporter: "there"},
		"reported by this node":                  {Member: "m", Local: "here", Reporter: "here"},
		"no answer to this node":                 {"m", "here", "here", no, suspected},
		"no answer, reported by there":           {"m", "here", "there", no, suspected},
		"no answer to this node in time":         {"m", "here", "", no, dead},
		"no answer in time, reported by there":   {"m", "here", "there", no, dead},
		"it answers":                             {"m", "here", "m", answered, alive},
		"it answers this node":                   {"m", "here", "here", answered, alive},
		"it answers, reported by there":          {"m", "here", "there", answered, alive},
		"it left":                                {"m", "here", "m", left, 0},
		"it left, reported by there":             {"m", "here", "there", left, 0},
		"removed by an operator on this node":    {"m", "here", "here", removed, 0},
		"removed by an operator, reported by it": {"m", "here", "it", removed, 0},
	} {
		if have := c.Sentence(); have != want {
			t.Errorf("%+v: %q, want %q", c, have, want)
		}
	}
	// From a newer daemon.
	if have := (Cause{"m", "here", "there", 99, 0}).Sentence(); have != "reported by there" {
		t.Errorf("an unknown reason: %q", have)
	}
}

func TestChange(t *testing.T) {
	m := &tamtamv1.Member{Address: "m", Status: dead}
	for _, c := range []struct {
		name                 string
		event                tamtam.Event
		status, was, because string
	}{
		{"present", tamtam.Event{Kind: tamtam.Present, Member: m}, "DEAD", "", ""},
		{"new", tamtam.Event{Member: m, Change: &tamtamv1.MemberChange{Member: m}}, "DEAD", "", ""},
		{"changed", tamtam.Event{Member: m, Local: "here", Change: &tamtamv1.MemberChange{Member: m, PreviousStatus: alive, ReportedBy: "here"}},
			"DEAD", "  was ALIVE", ": reported by this node"},
		{"same status", tamtam.Event{Member: m, Change: &tamtamv1.MemberChange{Member: m, PreviousStatus: dead, Time: timestamppb.Now()}}, "DEAD", "", ""},
		{"removed", tamtam.Event{Member: m, Change: &tamtamv1.MemberChange{Member: m, PreviousStatus: dead, Removed: true}}, "removed", "  was DEAD", ""},
		{"inferred", tamtam.Event{Member: m, Inferred: true, Change: &tamtamv1.MemberChange{Member: m, PreviousStatus: alive}}, "DEAD", "  was ALIVE", ": found after reconnecting"},
	} {
		if status, was, because := ChangeStatus(c.event), Was(c.event), Because(c.event); status != c.status || was != c.was || because != c.because {
			t.Errorf("%s: %q, %q, %q", c.name, status, was, because)
		}
	}
}
