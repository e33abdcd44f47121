// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// errNoTopic: no retained topic has the name, or matches the pattern.
var errNoTopic = errors.New("no such topic")

// widestValue is how many columns of a value the table has.
const widestValue = 40

func topicsCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "topics",
		ShortUsage: "tamtamctl topics [TOPIC]",
		ShortHelp:  "List the retained topics, or print the value of one.",
		LongHelp: `Lists the values that "tamtamctl broadcast --retain" has set, as the node has them: all
nodes keep the same. The table has the beginning of each value, its bytes, when it was set,
and the node where that was done.

With TOPIC, its value is printed as it is, and a line end if it has none; on a terminal,
control characters are escaped. A pattern, such as 'config/*', lists the topics that match:
* stands for any text without a slash. Exit status 3 if there is no such topic. A node that
has just joined has the values within a second or two.

  tamtamctl topics
  tamtamctl topics config/flags
  tamtamctl topics 'config/*' -o json | jq -r '.[] | [.topic, .text] | @tsv'`,
		Exec: func(ctx context.Context, args []string) error {
			if len(args) > 1 {
				return arg.Usage("topics", "topics takes one topic, not %d: put a pattern in quotes", len(args))
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				r, err := c.ListTopics(ctx, &tamtamv1.ListTopicsRequest{Topics: args})
				switch {
				case status.Code(err) == codes.Unimplemented:
					return &refusedError{"the daemon is of an earlier version, which knows no retained topics"}
				case err != nil:
					return err
				case len(args) > 0 && len(r.GetTopics()) == 0:
					return errNoTopic
				}
				return a.printTopics(r.GetTopics(), len(args) > 0 && r.GetTopics()[0].GetTopic() == args[0] && len(r.GetTopics()) == 1)
			})
		},
	})
}

// printTopics prints topics: a table, or only the value of the one that was asked for.
func (a *app) printTopics(topics []*tamtamv1.RetainedTopic, value bool) error {
	all := []output.Topic{}
	for _, t := range topics {
		one := output.Topic{
			Topic: t.GetTopic(), Payload: t.GetPayload(), Set: output.Time(t.GetSet()), Origin: t.GetOrigin(), Created: output.Time(t.GetCreated()),
		}
		if utf8.Valid(t.GetPayload()) {
			one.Text = new(string(t.GetPayload()))
		}
		all = append(all, one)
	}
	if value && !a.printer().JSON { // a table would align what is in it
		return writeValue(a.Out, string(all[0].Payload))
	}
	return a.print(all, func(w io.Writer) {
		if len(all) > 0 {
			fmt.Fprintln(w, "TOPIC\tVALUE\tBYTES\tSET\tBY")
		}
		for _, t := range all {
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", render.Escape(t.Topic), cells.Cut(render.Escape(string(t.Payload)), widestValue), len(t.Payload), render.Local(t.Set), t.Origin)
		}
	})
}

// writeValue writes a value as it is, or so that a terminal can show it.
func writeValue(w io.Writer, value string) error {
	if render.IsTerminal(w) {
		value = render.Escape(value)
	}
	if !strings.HasSuffix(value, "\n") {
		value += "\n"
	}
	_, err := io.WriteString(w, value)
	return err
}
