// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/top"
)

// The bounds of --interval.
const (
	minTopInterval = 200 * time.Millisecond
	maxTopInterval = time.Minute
)

// topFlags are what top is asked for.
type topFlags struct {
	interval time.Duration
	count    int // 0 for no end
}

func (a *app) topCommand() *ffcli.Command {
	f := topFlags{interval: time.Second}
	fs := flag.NewFlagSet("top", flag.ContinueOnError)
	fs.Var(topInterval{&f.interval}, "interval", "`time` between two looks, 200ms to 1m")
	fs.Func("count", "print `n` blocks of text and end, on a terminal, too", func(s string) error {
		n, err := strconv.ParseUint(s, 10, 31)
		if err != nil || n == 0 {
			return errors.New("want a number from 1")
		}
		f.count = int(n)
		return nil
	})
	return a.command(&ffcli.Command{
		Name:       "top",
		ShortUsage: "tamtamctl top [--interval TIME] [--count N]",
		ShortHelp:  "Show members, round trips, loss, rates and changes as they are, until q.",
		LongHelp: `Fills the terminal: the members with their round trips and loss, which is the share
of what was sent to them in the last one to two minutes that had to be sent again;
what the node sends, gets and drops in a second; and the last changes, with why. When
the daemon ends, it is tried again, and what is shown says of when it is.

Keys: q, Esc or Ctrl-C quits; s sorts by name, status, round trip, loss, address in
turn; / filters by address, name or tag; p pauses, and goes on; arrows, PgUp, PgDn,
Home and End scroll; ? shows the keys.

Where stdout or stdin is no terminal, or TERM is dumb or not set, and with --count,
blocks of plain text are printed instead, one every --interval; with -o json, lines of
JSON. Rates need two looks. Without a daemon at the very start, the exit code is 4.
NO_COLOR is respected. See docs/top.md.

  tamtamctl top
  tamtamctl top --count 1
  tamtamctl top -o json --interval 10s | jq .rates`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("top", args); err != nil {
				return err
			}
			return a.top(ctx, f)
		},
	})
}

// topInterval is the value of --interval.
type topInterval struct{ p *time.Duration }

func (v topInterval) String() string {
	if v.p == nil {
		return ""
	}
	return v.p.String()
}

func (v topInterval) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < minTopInterval || d > maxTopInterval {
		return errors.New("want a time from 200ms to 1m, such as 1s")
	}
	*v.p = d
	return nil
}

// top shows the node on a terminal that can be drawn on, or prints it.
func (a *app) top(ctx context.Context, f topFlags) error {
	if f.count == 0 && !a.json() {
		if t := newTerminal(a.In, a.Out); t != nil {
			return a.topScreen(ctx, f, t)
		}
	}
	return a.topPlain(ctx, f)
}

// topPlain prints a block for each look that brought something.
func (a *app) topPlain(ctx context.Context, f topFlags) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	feed := a.startTop(ctx, f.interval)
	state := newTopState(f.interval)
	printed := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-feed.failed:
			return err
		case p := <-feed.panics:
			panic(p)
		case e := <-feed.events:
			state.event(e)
		case l := <-feed.looks:
			was := state.data.Lost
			if state.look(l); l.err != nil {
				if was == "" {
					fmt.Fprintf(a.Err, "tamtamctl: %s; trying on\n", describe(l.err))
				}
				continue
			}
			if was != "" {
				fmt.Fprintln(a.Err, "tamtamctl: connected again")
			}
			if err := a.printTop(state, l, printed > 0); err != nil {
				return err
			}
			// A change is in one block: the next has those after it.
			state.data.Changes = nil
			if printed++; printed == f.count {
				return nil
			}
		}
	}
}

// topJSON is a look in JSON.
type topJSON struct {
	Time    time.Time    `json:"time"`
	Address string       `json:"address"`
	Name    string       `json:"name"`
	Cluster string       `json:"cluster"`
	Started time.Time    `json:"started"`
	Members []memberJSON `json:"members"`
	Rates   *top.Rates   `json:"rates"` // in a second; null when not known yet
}

func (a *app) printTop(s *topState, l topLook, again bool) error {
	j := topJSON{
		Time: l.at, Address: s.data.Address, Name: l.node.GetMember().GetName(), Cluster: l.node.GetClusterName(),
		Started: s.data.Started.UTC(), Members: []memberJSON{}, Rates: s.data.Rates,
	}
	for _, m := range l.members {
		j.Members = append(j.Members, toJSON(m))
	}
	if a.json() {
		return a.print(j, nil)
	}
	lines := top.Render(&s.data, &top.View{}, l.at, top.Size{}, top.Plain)
	text := ""
	if again {
		text = "\n" // between two blocks
	}
	for _, line := range lines {
		text += line + "\n"
	}
	_, err := io.WriteString(a.Out, text)
	return err
}

// newTerminal returns the terminal that the streams are, or nil when they are none that
// can be drawn on.
func newTerminal(in io.Reader, out io.Writer) *terminal {
	i, ok := in.(*os.File)
	o, also := out.(*os.File)
	if !ok || !also || !drawable(i, o) {
		return nil
	}
	return &terminal{in: i, out: o}
}
