// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"fmt"
	"io"
	"time"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
)

// eventNames has the events that are not changes.
var eventNames = map[tamtam.EventKind]string{
	tamtam.Present: "present", tamtam.Synced: "synced", tamtam.Disconnected: "disconnected",
	tamtam.Resumed: "resumed", tamtam.Snapshot: "snapshot",
}

// toLine returns an event as JSON has it.
func toLine(e tamtam.Event) output.Event {
	l := output.Event{Event: eventNames[e.Kind], Revision: output.ID(e.Revision)}
	if e.Err != nil {
		l.Error = client.Describe(e.Err)
	}
	if e.Member != nil {
		m := render.ToMember(e.Member)
		l.Member = &m
	}
	if c := e.Change; c != nil {
		if l.Event = "change"; c.GetRemoved() {
			l.Event = render.Removed
		}
		l.Time, l.Inferred = output.Time(c.GetTime()), &e.Inferred
		l.Previous, l.Reason, l.ReportedBy = render.PreviousStatus(c.GetPreviousStatus()), render.Reason(c.GetReason()), c.GetReportedBy()
	}
	return l
}

// print prints an event. Events of the connection are on stderr, and in watch's JSON.
func (c *Config) print(e tamtam.Event) error {
	l := toLine(e)
	switch e.Kind {
	case tamtam.Present, tamtam.Change:
		return c.Printer.Print(l, func(w io.Writer) { fmt.Fprintln(w, c.text(e)) })
	case tamtam.Synced:
		if c.Brief && !c.Printer.JSON {
			return nil
		}
		if c.Brief {
			l.Resumed = &e.Resumed
		}
		return c.Printer.Print(l, func(w io.Writer) { fmt.Fprintf(w, "%s  synced\n", render.Local(time.Now())) })
	default:
		if c.Brief || !c.Printer.JSON {
			return nil
		}
		return c.Printer.Print(l, nil)
	}
}

// text is an event of a member for people: time, status, member, the status before, and why
// or, in brief, the reporter.
func (c *Config) text(e tamtam.Event) string {
	at := e.Member.GetStatusSince().AsTime()
	if t := e.Change.GetTime(); t != nil {
		at = t.AsTime()
	} else if e.Inferred {
		at = time.Now() // when it was found
	}
	who, why := render.Label(e.Member), render.Because(e)
	if c.Brief {
		who, why = e.Member.GetAddress(), ""
		if by := e.Change.GetReportedBy(); by != "" && by != who {
			why = "  by " + by
		}
	}
	return fmt.Sprintf("%s  %-9s  %s%s%s", render.Local(at), render.ChangeStatus(e), who, render.Was(e), why)
}
