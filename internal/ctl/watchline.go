// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// watchJSON is a line of watch. Its names are relied upon.
type watchJSON struct {
	Event string `json:"event"` // present, synced, change, removed, disconnected, resumed or snapshot
	// Revision is text: many a reader of JSON would round so large a number. Of
	// disconnected, it is the last one seen, 0 for none.
	Revision string `json:"revision"`
	// Of change and removed. All but the member are absent when not known.
	Time       *time.Time  `json:"time,omitempty"`
	Previous   string      `json:"previous_status,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	ReportedBy string      `json:"reported_by,omitempty"`
	Inferred   bool        `json:"inferred,omitempty"`
	Member     *memberJSON `json:"member,omitempty"` // of present, too
	Error      string      `json:"error,omitempty"`  // of disconnected
}

// eventNames are the events that are no change.
var eventNames = map[follow.Kind]string{
	follow.Present: "present", follow.Synced: "synced", follow.Disconnected: "disconnected",
	follow.Resumed: "resumed", follow.Snapshot: "snapshot",
}

func toWatchJSON(e follow.Event) watchJSON {
	j := watchJSON{Event: eventNames[e.Kind], Revision: strconv.FormatUint(e.Revision, 10), Inferred: e.Inferred}
	if e.Err != nil {
		j.Error = describe(e.Err)
	}
	if e.Member != nil {
		m := toJSON(e.Member)
		j.Member = &m
	}
	if c := e.Change; c != nil {
		if j.Event = "change"; c.GetRemoved() {
			j.Event = "removed"
		}
		if c.GetPreviousStatus() != 0 {
			j.Previous = statusName(c.GetPreviousStatus())
		}
		if c.GetTime() != nil {
			at := c.GetTime().AsTime()
			j.Time = &at
		}
		j.Reason, j.ReportedBy = reasonName(c.GetReason()), c.GetReportedBy()
	}
	return j
}

// print prints an event; of what stderr tells, only JSON has a line.
func (w *watcher) print(e follow.Event, j watchJSON) error {
	if e.Kind != follow.Present && e.Kind != follow.Synced && e.Kind != follow.Change && !w.app.json() {
		return nil
	}
	return w.app.print(j, func(out io.Writer) {
		if e.Kind == follow.Synced {
			fmt.Fprintf(out, "%s  synced\n", time.Now().Format(time.DateTime))
			return
		}
		at := e.Member.GetStatusSince().AsTime()
		if j.Time != nil {
			at = *j.Time
		} else if e.Inferred {
			at = time.Now() // it is not known better
		}
		now := j.Member.Status
		if j.Event == "removed" {
			now = "removed"
		}
		fmt.Fprintf(out, "%s  %-9s  %s%s%s\n", at.Local().Format(time.DateTime), now, nameOf(e.Member), was(j.Previous, now), because(e))
	})
}

// nameOf is a member's address, with the name that it gives itself.
func nameOf(m *tamtamv1.Member) string {
	if m.GetName() == "" {
		return m.GetAddress()
	}
	return m.GetAddress() + " (" + escape(m.GetName()) + ")"
}

func was(previous, now string) string {
	if previous == "" || previous == now {
		return ""
	}
	return "  was " + previous
}

func because(e follow.Event) string {
	if e.Change == nil {
		return ""
	}
	if e.Inferred {
		return ": found out on connecting again"
	}
	c := cause{e.Member.GetAddress(), e.Local, e.Change.GetReportedBy(), e.Change.GetReason(), e.Member.GetStatus()}
	if s := c.sentence(); s != "" {
		return ": " + s
	}
	return ""
}
