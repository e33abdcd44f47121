// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (a *app) monitorCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "monitor",
		ShortUsage: "tamtamctl monitor",
		ShortHelp:  "Print the members, then each change of one.",
		LongHelp: `A line for each present member, then for each change as it happens, with the
status before, and with the node that said so, where that is not the member. Ends
with Ctrl-C, when its output is closed, or when the daemon ends. Having fallen
behind, it goes on after the last change it saw.

  tamtamctl monitor
  tamtamctl monitor -o json | jq 'select(.event == "change")'`,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("monitor", args); err != nil {
				return err
			}
			return a.dial(func(c *api) error { return a.monitor(ctx, c) })
		},
	})
}

func (a *app) monitor(ctx context.Context, c *api) error {
	var seen *uint64
	for {
		moved := false // without that, going on would be going in circles
		err := stream(ctx, c, func(ctx context.Context) (grpc.ServerStreamingClient[tamtamv1.WatchMembersResponse], error) {
			return c.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{AfterRevision: seen})
		}, func(r *tamtamv1.WatchMembersResponse) error {
			// A present member's revision is that of the whole list: what
			// has only part of it is no point to go on from.
			if r.GetPresent() == nil {
				revision := r.GetRevision()
				seen, moved = &revision, true
			}
			return a.event(r)
		})
		if status.Code(err) != codes.ResourceExhausted || !moved {
			return err
		}
		fmt.Fprintln(a.Err, "tamtamctl: fell behind, going on after the last change seen")
	}
}

// eventJSON is a step of a watch in JSON.
type eventJSON struct {
	Event    string      `json:"event"` // present, synced, change or removed
	Revision uint64      `json:"revision"`
	Member   *memberJSON `json:"member,omitempty"`
	Previous string      `json:"previous_status,omitempty"`
	Resumed  bool        `json:"resumed,omitempty"`
	// Of a change; absent when unknown.
	Time       *time.Time `json:"time,omitempty"`
	ReportedBy string     `json:"reported_by,omitempty"`
}

func (a *app) event(r *tamtamv1.WatchMembersResponse) error {
	j := eventJSON{Revision: r.GetRevision()}
	m := r.GetPresent()
	switch {
	case m != nil:
		j.Event = "present"
	case r.GetSynced() != nil:
		j.Event, j.Resumed = "synced", r.GetSynced().GetResumed()
		if !a.json() {
			return nil
		}
	case r.GetChange() != nil:
		m = r.GetChange().GetMember()
		if j.Event = "change"; r.GetChange().GetRemoved() {
			j.Event = "removed"
		}
		if p := r.GetChange().GetPreviousStatus(); p != 0 {
			j.Previous = statusName(p)
		}
		if r.GetChange().GetTime() != nil {
			at := r.GetChange().GetTime().AsTime()
			j.Time = &at
		}
		j.ReportedBy = r.GetChange().GetReportedBy()
	default:
		return nil // of a daemon newer than we are
	}
	if m != nil {
		mj := toJSON(m)
		j.Member = &mj
	}
	return a.print(j, func(w io.Writer) {
		now := statusName(m.GetStatus())
		if j.Event == "removed" {
			now = "removed"
		}
		was := ""
		if j.Previous != "" && j.Previous != now {
			was = "  was " + j.Previous
		}
		by := ""
		if j.ReportedBy != "" && j.ReportedBy != m.GetAddress() {
			by = "  by " + j.ReportedBy
		}
		at := m.GetStatusSince().AsTime()
		if j.Time != nil {
			at = *j.Time
		}
		fmt.Fprintf(w, "%s  %-9s  %s%s%s\n", at.Local().Format(time.DateTime), now, m.GetAddress(), was, by)
	})
}
