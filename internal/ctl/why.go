// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func whyCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "why",
		ShortUsage: "tamtamctl why MEMBER",
		ShortHelp:  "Print the history of a member's status, with reasons and reporters.",
		LongHelp: arg.MemberHelp + `
The history is what the node saw since it started: the last 32 changes of each member,
and of the 256 members that were removed last, which keep their names. A name that a
member had in them counts, too. Exit status 3 if the node has no history of the member.

  tamtamctl why db-1
  tamtamctl why 192.0.2.7:9999
  tamtamctl why db-1 -o json | jq -r '.histories[].changes[-1].reason'`,
		Exec: func(ctx context.Context, args []string) error {
			name, err := arg.One("why", "member", args)
			if err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				address, err := memberAddress(ctx, c, name)
				if err != nil {
					return err
				}
				r, err := c.GetMemberHistory(ctx, &tamtamv1.GetMemberHistoryRequest{Member: address})
				if err != nil {
					return err
				}
				self, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
				if err != nil {
					return err
				}
				return printHistories(a.printer(), r.GetHistories(), self.GetMember().GetAddress())
			})
		},
	})
}

// toHistory returns a history as JSON has it; local is the node that was asked.
func toHistory(h *tamtamv1.MemberHistory, local string) output.History {
	j := output.History{Member: render.ToMember(h.GetMember()), Removed: h.GetRemoved(), Earlier: h.GetEarlier(), Changes: []output.Step{}}
	for _, s := range h.GetSteps() {
		j.Changes = append(j.Changes, output.Step{
			Time: output.Time(s.GetTime()), Previous: render.PreviousStatus(s.GetPreviousStatus()), Status: render.Status(s.GetStatus()),
			Removed: s.GetRemoved(), ReportedBy: s.GetReportedBy(), Reason: render.Reason(s.GetReason()), Caller: s.GetCaller(), Named: s.GetPreviousName(),
			Sentence: render.Cause{Member: j.Member.Address, Local: local, Reporter: s.GetReportedBy(), Reason: s.GetReason(), Status: s.GetStatus()}.Sentence(),
		})
	}
	return j
}

func printHistories(p render.Printer, histories []*tamtamv1.MemberHistory, local string) error {
	all := []output.History{}
	for _, h := range histories {
		all = append(all, toHistory(h, local))
	}
	return p.Print(output.Histories{Histories: all}, func(w io.Writer) {
		for i, h := range all {
			if i > 0 {
				fmt.Fprintln(w)
			}
			now := h.Member.Status
			if h.Removed {
				now = "no longer listed"
			}
			fmt.Fprintf(w, "%s is %s\n", render.Label(histories[i].GetMember()), now)
			if h.Earlier > 0 {
				fmt.Fprintf(w, "%d earlier changes are no longer known\n", h.Earlier)
			}
			for _, s := range h.Changes {
				fmt.Fprintln(w, stepLine(&s))
			}
		}
	})
}

// stepLine is a change for people: its time, the statuses before and after, and why.
func stepLine(s *output.Step) string {
	change := s.Status
	if s.Removed {
		change = render.Removed
	}
	if s.Previous != "" {
		change = s.Previous + " → " + change
	}
	line := render.Local(s.Time) + "  " + change
	if s.Sentence != "" {
		line += ": " + s.Sentence
	}
	if s.Named != "" {
		line += ", its name was " + render.Escape(s.Named)
	}
	if s.Caller != "" {
		line += ", asked by " + s.Caller
	}
	return line
}
