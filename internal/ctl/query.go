// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/query"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// queryTimeout is the default of --timeout for query: how long to wait for answers.
const queryTimeout = 2 * time.Second

func queryCommand(a *app) *ffcli.Command {
	var to recipients
	fs := flag.NewFlagSet("query", flag.ContinueOnError)
	to.register(fs)
	c := a.command(&ffcli.Command{
		Name:       "query",
		ShortUsage: "tamtamctl query [--to MEMBER|KEY[!]=PATTERN] [--timeout TIME] TOPIC [PAYLOAD | -]",
		ShortHelp:  "Ask members a question, and print each answer.",
		LongHelp: `Asks all live members, this node too, and prints each answer when it arrives, a line each.
Programs answer: see "tamtamctl answer -h". Ends as soon as all have answered, and after
--timeout, 2s by default, at the latest. stderr then names each member that did not
answer, and why:

  no program there answers the topic
  the program failed, ended, or has too many questions already
  it has the question, and has not answered in time
  it has not confirmed the question: there may be no way to it
  it is dead, has left, was removed, or restarted meanwhile
  it is of an earlier version, or a plain Smudge node

Exit status 0 if all have answered, 3 if nobody was asked, 6 if some did not answer.

With --to KEY=PATTERN, each member compares its own tags when the question reaches it.
Without PAYLOAD, the question has only its topic; with -, the payload is stdin. It has up
to 768 bytes, an answer up to 65,536. If several programs of a member answer, each has a line. On a terminal,
control characters are escaped; elsewhere only line ends are.

With -o json each line has "event": asked, received (by a member, with the number of its
answerers), answer, failure or done. See also docs/messaging.md.

` + arg.MemberHelp + `

  tamtamctl query uptime
  tamtamctl query --to role=web --to zone!=b --timeout 10s reload "$(date)"
  tamtamctl query --to db-1 --to db-2 disk
  tamtamctl query uptime -o json | jq -r 'select(.event == "answer") | [.name, .text] | @tsv'`,
		FlagSet: fs,
		Exec:    func(ctx context.Context, args []string) error { return a.query(ctx, &to, args) },
	})
	// Here, --timeout is not the time of a call.
	f := c.FlagSet.Lookup("timeout")
	f.Usage, f.DefValue = "`time` to wait for answers; up to 5m", queryTimeout.String()
	return c
}

// query asks, and prints what comes.
func (a *app) query(ctx context.Context, to *recipients, args []string) error {
	payload, err := a.question(ctx, args)
	if err != nil {
		return err
	}
	wait, within := queryTimeout, a.flags.Timeout
	if a.flags.TimeoutSet {
		wait = a.flags.Timeout
	}
	return a.client().Dial(func(c *client.Conn) error {
		members, err := to.addresses(ctx, c, within)
		if err != nil {
			return err
		}
		return query.Run(ctx, query.Config{Printer: a.printer(), Err: a.Err}, c, &tamtamv1.QueryRequest{
			Topic: args[0], Payload: payload, Members: members, Tags: to.tags, Timeout: durationpb.New(wait),
		})
	})
}

// question checks the arguments, and returns the payload that they stand for.
func (a *app) question(ctx context.Context, args []string) ([]byte, error) {
	switch {
	case len(args) == 0 || args[0] == "":
		return nil, arg.Usage("query", "query takes a topic")
	case len(args) > 2:
		return nil, arg.Usage("query", "query takes a topic and a payload, not %d arguments: put the payload in quotes", len(args))
	case len(args) == 1:
		return nil, nil
	case args[1] != "-":
		return []byte(args[1]), nil
	}
	payload, err := readAll(ctx, io.LimitReader(a.In, maxStdin))
	if err != nil {
		return nil, fmt.Errorf("read stdin: %w", err)
	}
	return payload, nil
}
