// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// waits are the words that --wait takes beside numbers.
var waits = []string{"all"}

// broadcast is what the flags of broadcast say.
type broadcast struct {
	*app
	topic   string
	base64  bool
	lines   bool
	noWait  bool
	waitAll bool
	wait    uint32
	alone   bool // it was said that nobody else is there
}

func (a *app) broadcastCommand() *ffcli.Command {
	b := &broadcast{app: a}
	fs := flag.NewFlagSet("broadcast", flag.ContinueOnError)
	fs.BoolVar(&b.base64, "base64", false, "the message is given in base64")
	fs.BoolVar(&b.lines, "lines", false, "each line of stdin is a message, sent as it comes")
	fs.BoolVar(&b.noWait, "no-wait", false, "fail at once, with 5, when too many messages are under way, and do not wait for room")
	fs.StringVar(&b.topic, "topic", "", "the `topic` of the message, for readers to choose by; up to 64 bytes")
	fs.Func("wait", "wait until `members` have it: all, or as many as this number says", b.setWait)
	return a.command(&ffcli.Command{
		Name:       "broadcast",
		ShortUsage: "tamtamctl broadcast [--topic TOPIC] [--wait all|N] [--no-wait] [--base64] [--lines | MESSAGE | -]",
		ShortHelp:  "Send a short message to every live member.",
		LongHelp: `Every live member gets it once, and those of this node in the order in which they
were sent, whatever the network loses; a plain member gets it as well as may be. How
long a message may be, the daemon decides: "tamtamctl -o json address" tells.

Without MESSAGE, or with -, all of stdin is the message. With --lines, each line of
it is one, empty ones too, without the newline; the first that fails ends it, and is
told by its number. A message that begins with a dash goes after --.

With --wait, it is done when that many members have it, or all that live if they are
fewer. When --timeout comes first it tells who has not got it, and exits with 6: it
was sent all the same. When too many messages are not yet at all members, the next
waits for room, until --timeout; then it is not sent, and the exit code is 5.

  tamtamctl broadcast hello
  tamtamctl broadcast --topic deploy --wait all --timeout 2s "version 7 is out"
  tamtamctl broadcast -- --not-a-flag
  date | tamtamctl broadcast -
  tail -f app.log | tamtamctl broadcast --lines --topic log
  tamtamctl broadcast --base64 3q2+7w==`,
		FlagSet: fs,
		Exec:    b.run,
	})
}

func (b *broadcast) setWait(s string) error {
	b.wait, b.waitAll = 0, s == "all" // of several, the last counts
	if b.waitAll {
		return nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n == 0 {
		return errors.New("want all, or a number from 1")
	}
	b.wait = uint32(n)
	return nil
}

func (b *broadcast) run(ctx context.Context, args []string) error {
	if !b.lines {
		payload, err := b.payload(ctx, args)
		if err != nil {
			return err
		}
		return b.dial(func(c *api) error { return b.send(ctx, c, payload) })
	}
	if len(args) > 1 || len(args) == 1 && args[0] != "-" {
		return b.usage(fmt.Sprintf("with --lines, the messages come from stdin, not %q", args[0]))
	}
	return b.dial(func(c *api) error {
		return eachLine(ctx, b.In, func(line []byte) error {
			payload, err := b.decode(line)
			if err != nil {
				return err
			}
			return b.send(ctx, c, payload)
		})
	})
}

// send sends one message within --timeout, and prints what became of it.
func (b *broadcast) send(ctx context.Context, c *api, payload []byte) error {
	ctx, cancel := context.WithTimeout(ctx, b.flags.Timeout)
	defer cancel()
	req := &tamtamv1.BroadcastRequest{Payload: payload, Topic: b.topic, NoWait: b.noWait}
	switch {
	case b.waitAll:
		req.Wait = &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true}
	case b.wait > 0:
		req.Wait = &tamtamv1.BroadcastRequest_WaitMembers{WaitMembers: b.wait}
	}
	r, err := c.Broadcast(ctx, req)
	if err != nil {
		return c.explain(err)
	}
	if r.GetSentTo() == 0 && !b.alone {
		b.alone = true
		fmt.Fprintln(b.Err, "tamtamctl: no other member is alive: only this node's own readers got it")
	}
	if err := b.result(r, req.GetWait() != nil); err != nil {
		return err
	}
	if len(r.GetMissing()) > 0 {
		return &missingError{r.GetMissing(), b.flags.Timeout}
	}
	return nil
}

type broadcastJSON struct {
	SentTo uint32 `json:"sent_to"`
	// Session is text, as a member's is.
	Session  string   `json:"session"`
	Sequence uint64   `json:"sequence"`
	Have     uint32   `json:"have"`
	Missing  []string `json:"missing"`
	// Took is in milliseconds, null when the daemon does not tell.
	Took *float64 `json:"took_ms"`
}

// result prints what became of a message.
func (b *broadcast) result(r *tamtamv1.BroadcastResponse, waited bool) error {
	if !b.json() && !waited {
		return nil // nothing but success to tell
	}
	j := broadcastJSON{r.GetSentTo(), strconv.FormatUint(r.GetSession(), 10), r.GetSequence(), r.GetHave(), r.GetMissing(), millis(r.GetTook())}
	if j.Missing == nil {
		j.Missing = []string{}
	}
	return b.print(j, func(w io.Writer) {
		fmt.Fprintf(w, "%d of %d members have it after %s\n", r.GetHave(), r.GetSentTo(), shortTrip(r.GetTook().AsDuration()))
	})
}

// missingError: a message was sent, but not all that were waited for got it in time.
type missingError struct {
	members []string
	within  time.Duration
}

func (e *missingError) Error() string {
	return fmt.Sprintf("not known to have it within %v: %s", e.within, strings.Join(e.members, ", "))
}

func (b *broadcast) usage(text string) error { return &usageError{"tamtamctl broadcast", text} }

// payload is the message that the arguments stand for.
func (b *broadcast) payload(ctx context.Context, args []string) ([]byte, error) {
	var raw []byte
	switch {
	case len(args) > 1:
		return nil, b.usage(fmt.Sprintf("broadcast takes one message, not %d: put it in quotes", len(args)))
	case len(args) == 1 && args[0] != "-":
		raw = []byte(args[0])
	case len(args) == 0 && isTerminal(b.In):
		return nil, b.usage("broadcast takes a message, or - to read stdin")
	default:
		var err error
		if raw, err = readAll(ctx, io.LimitReader(b.In, maxStdin+1)); err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		if len(raw) > maxStdin {
			return nil, fmt.Errorf("stdin holds over %d bytes: a broadcast is short", maxStdin)
		}
	}
	return b.decode(raw)
}

// decode is the message that the text given for it stands for.
func (b *broadcast) decode(raw []byte) ([]byte, error) {
	if !b.base64 {
		return raw, nil
	}
	payload, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		return nil, b.usage(fmt.Sprintf("the message is not base64: %v", err))
	}
	return payload, nil
}
