// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (a *app) whyCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "why",
		ShortUsage: "tamtamctl why MEMBER",
		ShortHelp:  "Print how a member came by its status, and who said so.",
		LongHelp: `MEMBER is an address, with a port or without, or a name, exactly; of several members
of one name all are printed. The node that is asked tells what it saw since it
started: of each member the last 32 changes, and those of the 256 members that were
removed last. Exits with 3 when it knows nothing of the member.

  tamtamctl why db-1
  tamtamctl why 192.0.2.7:9999
  tamtamctl why db-1 -o json | jq -r '.[].changes[-1].reason'`,
		Exec: func(ctx context.Context, args []string) error {
			name, err := oneArgument("why", "address or name", args)
			if err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *api) error {
				r, err := c.GetMemberHistory(ctx, &tamtamv1.GetMemberHistoryRequest{Member: name})
				if err != nil {
					return err
				}
				self, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
				if err != nil {
					return err
				}
				return a.why(r.GetHistories(), self.GetMember().GetAddress())
			})
		},
	})
}

// historyJSON is a member and its past in JSON.
type historyJSON struct {
	Member  memberJSON `json:"member"`
	Removed bool       `json:"removed"`
	// Earlier is how many changes were before those told.
	Earlier uint64     `json:"earlier"`
	Changes []stepJSON `json:"changes"`
}

type stepJSON struct {
	Time       time.Time `json:"time"`
	Previous   string    `json:"previous_status,omitempty"`
	Status     string    `json:"status"`
	Removed    bool      `json:"removed"`
	ReportedBy string    `json:"reported_by,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Sentence   string    `json:"sentence"` // for people: its words may change
}

func (a *app) why(histories []*tamtamv1.MemberHistory, local string) error {
	all := []historyJSON{}
	for _, h := range histories {
		one := historyJSON{Member: toJSON(h.GetMember()), Removed: h.GetRemoved(), Earlier: h.GetEarlier(), Changes: []stepJSON{}}
		for _, s := range h.GetSteps() {
			step := stepJSON{Time: s.GetTime().AsTime(), Status: statusName(s.GetStatus()), Removed: s.GetRemoved(),
				ReportedBy: s.GetReportedBy(), Reason: reasonName(s.GetReason()),
				Sentence: cause{one.Member.Address, local, s.GetReportedBy(), s.GetReason(), s.GetStatus()}.sentence()}
			if s.GetPreviousStatus() != 0 {
				step.Previous = statusName(s.GetPreviousStatus())
			}
			one.Changes = append(one.Changes, step)
		}
		all = append(all, one)
	}
	return a.print(all, func(w io.Writer) {
		for i, h := range histories {
			if i > 0 {
				fmt.Fprintln(w)
			}
			now := all[i].Member.Status
			if h.GetRemoved() {
				now = "no longer listed"
			}
			fmt.Fprintf(w, "%s is %s\n", nameOf(h.GetMember()), now)
			if n := h.GetEarlier(); n > 0 {
				fmt.Fprintf(w, "%s earlier changes are no longer known\n", strconv.FormatUint(n, 10))
			}
			for _, s := range all[i].Changes {
				fmt.Fprintln(w, s.line())
			}
		}
	})
}

// line is a change as people read it: when, from what to what, and why.
func (s stepJSON) line() string {
	from, to := s.Previous, s.Status
	if s.Removed {
		to = "removed"
	}
	change := to
	if from != "" {
		change = from + " → " + to
	}
	line := s.Time.Local().Format(time.DateTime) + "  " + change
	if s.Sentence != "" {
		line += ": " + s.Sentence
	}
	return line
}
