// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func nodesCommand(a *app) *ffcli.Command {
	var want filter
	fs := flag.NewFlagSet("nodes", flag.ContinueOnError)
	fs.Var(&want.statuses, "status", "only members of this `status`: alive, suspected, dead or left; repeatable and comma separated")
	want.Filter.Register(fs, "members")
	fs.StringVar(&want.near, "near", "", "sort by the round trip to this `member`, the nearest first; me is the node that is asked")
	fs.Func("limit", "only the first `number` of members", func(s string) (err error) {
		want.limit, err = arg.Count(s)
		return err
	})
	return a.command(&ffcli.Command{
		Name:       "nodes",
		ShortUsage: "tamtamctl nodes [--status STATUS] [--name PATTERN] [--tag KEY[!]=PATTERN] [--service NAME] [--near MEMBER] [--limit N] [MEMBER...]",
		ShortHelp:  "List the members, as the node sees them.",
		LongHelp: `The list includes the node itself. A plain member is a plain Smudge node: lost messages
to it are not retransmitted. A flapping member came and went several times in the last
minute. If a member has "via ADDRESS", this node does not reach it directly: the member
at ADDRESS relays. SINCE is the time since the status changed; -o wide prints the moment,
and the version, loss and tags. -o name prints names only, or the address of a member
without a name. A name is in quotes if it has other characters than letters, digits and
-_. in it. Exit status 3 if no member matches, or one that is given is not listed.

--service lists the live members that offer a service, or those of --status: see attach.

--near sorts the members that match by their round trip to a MEMBER, as that one measures
it: itself first, then the nearest, and last those to which it has measured none. It is a
column, unless it is RTT. A member that is named me needs its address. Exit status 3 if
MEMBER can have measured none, and 6 if it does not report.

` + arg.MemberHelp + `

  tamtamctl nodes
  tamtamctl nodes -o wide db-1
  tamtamctl nodes --status suspected,dead
  tamtamctl nodes --tag role=replica --status alive --near me --limit 1 -o name
  tamtamctl nodes --tag role=web --tag 'drain!=*' --status alive --name 'web-*'
  tamtamctl nodes --service web -o name
  tamtamctl nodes -o json | jq -r '.[].address'`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			for _, text := range args {
				m, err := arg.ParseMember(text)
				if err != nil {
					return arg.Usage("nodes", `nodes takes members, not ""`)
				}
				want.members = append(want.members, &m)
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error { return list(ctx, a, c, want) })
		},
	})
}

// filter says which members to list.
type filter struct {
	statuses arg.Statuses
	members  []*arg.Member
	arg.Filter
	near  string // the member by whose round trips they are sorted; "" for none
	limit int    // how many; 0 for all
}

// chosen returns those of the members that the arguments stand for, all without one, and an
// error about an argument that stands for none.
func (f *filter) chosen(ctx context.Context, c *client.Conn, members []*tamtamv1.Member) (found []*tamtamv1.Member, unknown, err error) {
	if len(f.members) == 0 {
		return members, nil, nil
	}
	all, err := listed(ctx, c, f.members...)
	if err != nil {
		return nil, nil, err
	}
	wanted := map[string]bool{}
	for _, m := range f.members {
		one, err := m.One(all)
		var none *arg.UnknownError
		switch {
		case errors.As(err, &none):
			unknown = err
		case err != nil:
			return nil, nil, err
		}
		wanted[one.GetAddress()] = true
	}
	for _, m := range members {
		if wanted[m.GetAddress()] {
			found = append(found, m)
		}
	}
	return found, unknown, nil
}

// list prints the members that match. It returns a nothingError if there are none.
func list(ctx context.Context, a *app, c *client.Conn, want filter) error {
	p := a.printer()
	name, tags := want.Earlier()
	statuses := want.statuses
	if want.Service() != "" && len(statuses) == 0 { // those that have ended are listed with the tags that they had
		statuses = arg.Statuses{tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE, tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED}
	}
	r, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{Statuses: statuses, Name: name, Tags: tags, Filter: want.Wanted()})
	if err != nil {
		return err
	}
	members, unknown, err := want.chosen(ctx, c, want.Offering(r.GetMembers()))
	if err != nil {
		return err
	}
	var near trips
	if want.near != "" {
		if near, err = nearness(ctx, c, want.near, members); err != nil {
			return err
		}
		near.sort(members)
	}
	if want.limit > 0 {
		members = members[:min(want.limit, len(members))]
	}
	rows := make([]output.Member, 0, len(members))
	for _, m := range members {
		rows = append(rows, render.ToMember(m))
		rows[len(rows)-1].Near = near.millis(m)
	}
	err = p.Print(rows, func(w io.Writer) {
		if p.Form == ctlflags.Name {
			for _, m := range members {
				fmt.Fprintln(w, cmp.Or(render.Name(m), m.GetAddress()))
			}
			return
		}
		render.Members{
			Now: time.Now(), Wide: p.Form == ctlflags.Wide, Tagged: want.Tagged(), Near: near.column(), Colours: render.Colours(p.Out), Width: render.Width(p.Out),
		}.Write(w, members)
	})
	if err != nil {
		return err
	}
	if unknown != nil {
		return unknown
	}
	if len(rows) == 0 {
		return &nothingError{want}
	}
	if p.Form == ctlflags.Table && render.IsTerminal(p.Out) {
		fmt.Fprintln(a.Err, render.Count(members))
	}
	return nil
}
