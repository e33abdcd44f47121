// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package top is tamtamctl top: it samples the node again and again, and draws on a terminal
// or prints blocks of text. What the screen looks like is the business of package screen.
package top

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctl/top/screen"
)

// The range of Config.Interval.
const (
	MinInterval = 200 * time.Millisecond
	MaxInterval = time.Minute
)

// Config says what to show, and where.
type Config struct {
	Client  client.Client
	Printer render.Printer
	In      io.Reader
	Err     io.Writer // for messages to the user

	Interval time.Duration // between two samples
	Count    int           // blocks of text to print; 0 for no end, or a terminal
}

// Run shows the node until a key or ctx ends it. It draws on the terminal if In and
// Printer.Out are one, and prints otherwise.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Count == 0 && !cfg.Printer.JSON {
		if t := newTerminal(cfg.In, cfg.Printer.Out); t != nil {
			return cfg.draw(ctx, t)
		}
	}
	return cfg.print(ctx)
}

// print prints a block for each sample that succeeded.
func (c Config) print(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	feed := startFeed(ctx, c.Client, c.Interval)
	defer func() { // nothing is traced any more when print returns
		cancel()
		feed.running.Wait()
	}()
	state := newState(c.Interval)
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
		case s := <-feed.samples:
			was := state.data.Lost
			if state.sample(s); s.err != nil {
				if was == "" {
					fmt.Fprintf(c.Err, "tamtamctl: %s; retrying\n", client.Describe(s.err))
				}
				continue
			}
			if was != "" {
				fmt.Fprintln(c.Err, "tamtamctl: reconnected")
			}
			if err := c.block(state, s, printed > 0); err != nil {
				return err
			}
			// A change is in one block only.
			state.data.Changes, state.seen = nil, nil
			if printed++; printed == c.Count {
				return nil
			}
		}
	}
}

// block prints a sample; after another one, an empty line comes first.
func (c Config) block(st *state, s sample, after bool) error {
	if c.Printer.JSON {
		j := output.Sample{
			Time: s.at.UTC(), Address: st.data.Address, Name: s.node.GetMember().GetName(), Cluster: s.node.GetClusterName(),
			Started: output.Time(s.node.GetStarted()), Members: []output.Member{}, Rates: (*output.Rates)(st.data.Rates),
		}
		for _, m := range s.members {
			j.Members = append(j.Members, render.ToMember(m))
		}
		return c.Printer.Print(j, nil)
	}
	text := ""
	if after {
		text = "\n"
	}
	for _, line := range screen.Render(&st.data, &screen.View{}, s.at, screen.Size{}, screen.Plain) {
		text += line + "\n"
	}
	_, err := io.WriteString(c.Printer.Out, text)
	return err
}
