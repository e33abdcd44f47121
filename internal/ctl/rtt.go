// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func rttCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "rtt",
		ShortUsage: "tamtamctl rtt [MEMBER] MEMBER",
		ShortHelp:  "Print the round trip between two members, as they have measured it.",
		LongHelp: arg.MemberHelp + `
With one MEMBER, the node that is asked is the first.

Each of the two reports its own smoothed round trip to the other; nothing is sent to measure
it. There are two lines if they differ, or if one of them reports none: then the line says
why. "via NAME" is the member that relays between them. Exit status 3 if a MEMBER is not
listed, or if there is no round trip; 6 if there is none since a member does not report.

  tamtamctl rtt db-1
  tamtamctl rtt web-1 db-1
  tamtamctl rtt web-1 db-1 -o json | jq '[.[].round_trip_ms | numbers] | max'`,
		Exec: func(ctx context.Context, args []string) error {
			if len(args) < 1 || len(args) > 2 || slices.Contains(args, "") {
				return arg.Usage("rtt", "rtt takes one or two members, not %q", args)
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error { return printTrip(ctx, a, c, args) })
		},
	})
}

// printTrip prints the round trip between two members, or between one and the node that is asked.
func printTrip(ctx context.Context, a *app, c *client.Conn, texts []string) error {
	wanted := make([]*arg.Member, len(texts))
	for i, text := range texts {
		m, err := arg.ParseMember(text)
		if err != nil {
			return err
		}
		wanted[i] = &m
	}
	members, err := listed(ctx, c, wanted...)
	if err != nil {
		return err
	}
	var ends []*tamtamv1.Member
	if len(wanted) == 1 {
		ends = slices.DeleteFunc(slices.Clone(members), func(m *tamtamv1.Member) bool { return !m.GetLocal() })
	}
	for _, m := range wanted {
		one, err := m.One(members)
		if err != nil {
			return err
		}
		ends = append(ends, one)
	}
	if ends[0].GetAddress() == ends[len(ends)-1].GetAddress() {
		return arg.Usage("rtt", "rtt takes two different members: both ends are %s", label(ends[0]))
	}
	l, err := linksFrom(ctx, c, nil, ends...)
	if err != nil {
		return err
	}
	both := []output.RoundTrip{l.trip(ends[0], ends[1]), l.trip(ends[1], ends[0])}
	names := map[string]string{}
	for _, m := range members {
		names[m.GetAddress()] = label(m)
	}
	err = a.print(both, func(w io.Writer) {
		there, back := tripText(l.of(ends[0], ends[1]), both[0], names), tripText(l.of(ends[1], ends[0]), both[1], names)
		fmt.Fprintf(w, "%s -> %s: %s\n", label(ends[0]), label(ends[1]), there)
		if there != back {
			fmt.Fprintf(w, "%s -> %s: %s\n", label(ends[1]), label(ends[0]), back)
		}
	})
	if err == nil && both[0].RoundTrip == nil && both[1].RoundTrip == nil {
		err = &unmeasuredError{"no round trip is known", l.silent(ends[0]) || l.silent(ends[1])}
	}
	return err
}

// trip returns the round trip between two members, as the first measures it.
func (l links) trip(from, to *tamtamv1.Member) output.RoundTrip {
	link := l.of(from, to)
	t := output.RoundTrip{
		From: from.GetAddress(), FromName: from.GetName(), To: to.GetAddress(), ToName: to.GetName(),
		RoundTrip: output.Millis(link.GetRoundTrip()), Via: link.GetVia(), Error: l.why(from),
	}
	if link != nil {
		t.Loss = link.Loss
	}
	switch {
	case t.RoundTrip != nil || t.Error != "":
	case !arg.Live(to):
		t.Error = "the other is not alive"
	case link == nil:
		t.Error = "it has no session with the other"
	default:
		t.Error = "it has not measured it yet"
	}
	return t
}

// tripText returns a round trip for people; names has what members are called, by address.
func tripText(link *tamtamv1.NodeLink, t output.RoundTrip, names map[string]string) string {
	if t.RoundTrip == nil {
		return "not known: " + render.Escape(t.Error)
	}
	text := render.Trip(link.GetRoundTrip().AsDuration())
	if t.Via != "" {
		text += " via " + cmp.Or(names[t.Via], render.Escape(t.Via))
	}
	return text
}
