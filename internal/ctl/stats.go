// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func statsCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "stats",
		ShortUsage: "tamtamctl stats",
		ShortHelp:  "Print the counters of the node since it started.",
		LongHelp: `The counters are grouped by area: the network, what was dropped or refused, members,
messages, queries, clients, and the daemon itself. Some are present numbers, such as members and
sessions; all others only grow. Bytes have "bytes" in their names, all others are numbers
of what the name says.

  tamtamctl stats
  tamtamctl stats | grep dropped`,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("stats", args); err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				r, err := c.GetCounters(ctx, &tamtamv1.GetCountersRequest{})
				if err != nil {
					return err
				}
				counters := output.Map(r.GetCounters())
				return a.print(counters, func(w io.Writer) {
					counterRows(w, counters)
				})
			})
		},
	})
}

// areas are the groups of counters, in their order, with the words that their names begin with.
var areas = []struct{ title, words string }{
	{"NETWORK", "bytes datagrams duplicates frames greetings hellos multicast pairs receive replies routes send sessions"},
	{"DROPPED OR REFUSED", "dropped ignored refused strangers stripped unanswered unreached unsent unsigned"},
	{"MEMBERS", "accusations announcements answers asks candidates claims clock comparisons dead deaths evicted failures helps join " +
		"member members news profiles questions record removed tombstones"},
	{"MESSAGES", "broadcast broadcasts messages pushes retained"},
	{"QUERIES", "queries user"},
	{"CLIENTS", "attach dns http page rpc"},
	{"DAEMON", "late local log smudge"},
	{"OTHER", ""},
}

// area returns the index in areas of the group of a counter.
func area(name string) int {
	word, _, _ := strings.Cut(name, "_")
	for i, a := range areas {
		if slices.Contains(strings.Fields(a.words), word) {
			return i
		}
	}
	return len(areas) - 1
}

// counterRows writes counters below the titles of their areas.
func counterRows(w io.Writer, counters map[string]uint64) {
	names := make([][]string, len(areas))
	for _, name := range render.SortedKeys(counters) {
		i := area(name)
		names[i] = append(names[i], name)
	}
	gap := ""
	for i, a := range areas {
		if len(names[i]) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s%s\t\n", gap, a.title)
		gap = "\n"
		for _, name := range names[i] {
			fmt.Fprintf(w, "%s\t%d\n", strings.ReplaceAll(name, "\t", " "), counters[name])
		}
	}
}
