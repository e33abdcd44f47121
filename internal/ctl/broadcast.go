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

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// waits are the words that --wait takes beside numbers.
var waits = []string{"all"}

// broadcast has the flags of the command.
type broadcast struct {
	*app
	topic   string
	base64  bool
	lines   bool
	noWait  bool
	retain  bool
	waitAll bool
	wait    uint32
	least   *uint32 // members that must be live for waitAll; nil for 1
	to      recipients
	members []string // the addresses of those in to
	warned  bool     // the user knows that there is no other member
}

func broadcastCommand(a *app) *ffcli.Command {
	b := &broadcast{app: a}
	fs := flag.NewFlagSet("broadcast", flag.ContinueOnError)
	fs.BoolVar(&b.base64, "base64", false, "the message is in base64")
	fs.BoolVar(&b.lines, "lines", false, "each line of stdin is a message, sent when it is read")
	fs.BoolVar(&b.noWait, "no-wait", false, "if too many messages are in flight, fail at once with exit status 5 instead of waiting")
	fs.BoolVar(&b.retain, "retain", false, "make the message the value of its topic, which all nodes keep; an empty one deletes the topic")
	fs.StringVar(&b.topic, "topic", "", "the `topic` of the message, by which readers can filter; up to 64 bytes")
	fs.Func("wait", "wait until `members` have the message: all, or a number", b.setWait)
	b.to.register(fs)
	fs.Func("min", "with --wait all, send nothing if fewer other `members` are live; 0 for a node that may be alone (default 1)", b.setLeast)
	return a.command(&ffcli.Command{
		Name:       "broadcast",
		ShortUsage: "tamtamctl broadcast [--topic TOPIC] [--to MEMBER|KEY[!]=PATTERN] [--wait all|N] [--min N] [--no-wait] [--retain] [--base64] [--lines | MESSAGE | -]",
		ShortHelp:  "Send a message to every live member, or to some.",
		LongHelp: `Every live member gets the message once, and the messages of one node in the order in
which they were sent, even if packets are lost. Delivery to plain members is best
effort. A message may have 256 bytes, or up to 65,536 if all live members have a higher --max: see
"tamtamctl -o json address". Plain members get up to 1,024.

Without MESSAGE, or with -, all of stdin is the message. An empty message is one, too. With
--lines, each line is a message, without its newline; empty lines count, too. A line that is too long is not
sent: stderr names it, the next ones follow, and the exit status is 5 at the end. The
first line that fails otherwise ends the command, and the error names its number. A
message that begins with a dash goes after --.

With --wait, the command ends when that many members have the message. If fewer are live,
nothing is sent; exit status 5. With --wait all that is so if no other member is live, or
fewer than --min N: a node that is cut off must not look like a cluster that has the
message. A cluster of one takes --min 0. At --timeout the command lists the members that
have not confirmed the message; exit status 6, although it was sent. With all, it also
lists the addresses that other members list as live and this node does not reach; it does
not wait for them. If too many messages are in flight, the next one waits until --timeout;
then it is not sent, and the exit status is 5.

With --to, only the readers of those members get the message, which has up to 768 bytes if the
limit is from 768 to 1,024. With --to KEY=PATTERN, each member compares its own tags when it is the
message's turn. --wait then counts members that have it and match: all waits until each has
said whether it matches, and names at --timeout the silent ones whose tags match as far as the daemon
knows, and the members of --to that are not live. Nothing is sent, with exit status 5, if a member
of --to is a plain one, or if a live member is of an earlier version; 3 if a member of --to is not
known.

With --retain, the message is the value of its topic from now on: all nodes keep it, also
those that join later, and "tamtamctl topics" prints it. Of two values, the later one wins.
An empty MESSAGE deletes the topic: '' must be given, since an empty stdin is more often a
mistake. A value has up to 1,024 bytes; there are 256 topics, with 128 KiB, at most. --wait
all waits for all live members that keep topics; stderr names those of earlier versions,
which do not, and the exit status is 6 then.

` + arg.MemberHelp + `

  tamtamctl broadcast hello
  tamtamctl broadcast --topic deploy --wait all --timeout 2s "version 7 is out"
  tamtamctl broadcast --wait all --min 4 "five of us must have this"
  tamtamctl broadcast --to role=web --to zone!=b --wait all "reload"
  tamtamctl broadcast --to db-1 --to db-2 "vacuum"
  tamtamctl broadcast -- --not-a-flag
  date | tamtamctl broadcast -
  tamtamctl broadcast --topic config --wait all - < app.conf
  tail -f app.log | tamtamctl broadcast --lines --topic log
  tamtamctl broadcast --base64 3q2+7w==
  tamtamctl broadcast --retain --topic config/flags --wait all "dark-mode=on"
  tamtamctl broadcast --retain --topic config/flags ''`,
		FlagSet: fs,
		Exec:    b.run,
	})
}

func (b *broadcast) setWait(s string) error {
	b.wait, b.waitAll = 0, s == "all" // of several, the last counts
	if b.waitAll {
		return nil
	}
	n, err := arg.Count(s)
	if err != nil {
		return errors.New("want all, or a number from 1")
	}
	b.wait = uint32(n)
	return nil
}

func (b *broadcast) setLeast(s string) error {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return errors.New("want a number from 0")
	}
	b.least = new(uint32(n))
	return nil
}

// wanted is how many other members must be live.
func (b *broadcast) wanted() uint32 {
	switch {
	case !b.waitAll:
		return 0 // the daemon knows what --wait N needs
	case b.least == nil:
		return 1
	}
	return *b.least
}

func (b *broadcast) run(ctx context.Context, args []string) error {
	if b.least != nil && !b.waitAll {
		return arg.Usage("broadcast", "--min needs --wait all: --wait N sends nothing if fewer than N are live")
	}
	if err := b.checkRetain(); err != nil {
		return err
	}
	if !b.lines {
		payload, err := b.payload(ctx, args)
		if err != nil {
			return err
		}
		if b.retain && len(payload) == 0 && (len(args) == 0 || args[0] == "-") {
			return arg.Usage("broadcast", "stdin is empty: to delete the topic %s, give '' as the message", b.topic)
		}
		return b.dial(ctx, func(c *client.Conn) error { return b.send(ctx, c, payload) })
	}
	if len(args) > 1 || len(args) == 1 && args[0] != "-" {
		return arg.Usage("broadcast", "with --lines, the messages come from stdin, not %q", args[0])
	}
	skipped := 0
	err := b.dial(ctx, func(c *client.Conn) error {
		return eachLine(ctx, b.In, func(number int, line []byte, err error) error {
			if err == nil {
				err = b.sendLine(ctx, c, line)
			}
			// The next lines may be short. A log has long ones now and then.
			if errors.Is(err, errLong) || b.tooLong(ctx, c, line, err) {
				skipped++
				fmt.Fprintf(b.Err, "tamtamctl: line %d: %s: not sent\n", number, client.Describe(err))
				return nil
			}
			return err
		})
	})
	if err == nil && skipped > 0 {
		return &refusedError{fmt.Sprintf("%s too long: not sent", render.Plural(skipped, "line"))}
	}
	return err
}

// dial connects, and finds out to whom messages go.
func (b *broadcast) dial(ctx context.Context, do func(*client.Conn) error) error {
	return b.client().Dial(func(c *client.Conn) error {
		var err error
		switch {
		case b.retain:
			if err = b.needRetained(ctx, c, "broadcast --retain; nothing was sent"); err == nil {
				err = do(c)
			}
			return err
		case b.to.all():
			return do(c)
		}
		if b.members, err = b.to.addresses(ctx, c, b.flags.Timeout); err != nil {
			return err
		}
		self, err := b.local(ctx, c)
		switch {
		case err != nil:
			return c.Explain(err)
		case self.GetMaxAddressedPayloadBytes() == 0: // it would send to all
			return &refusedError{"the daemon is of an earlier version, which knows no --to; nothing was sent"}
		}
		return do(c)
	})
}

func (b *broadcast) sendLine(ctx context.Context, c *client.Conn, line []byte) error {
	payload, err := b.decode(line)
	if err != nil {
		return err
	}
	return b.send(ctx, c, payload)
}

// tooLong reports whether a line could not be sent because it is over the daemon's limit.
func (b *broadcast) tooLong(ctx context.Context, c *client.Conn, line []byte, err error) bool {
	if status.Code(err) != codes.InvalidArgument {
		return false
	}
	payload, _ := b.decode(line)
	self, err := b.local(ctx, c)
	limit := self.GetMaxPayloadBytes()
	if !b.to.all() {
		limit = self.GetMaxAddressedPayloadBytes()
	}
	return err == nil && len(payload) > int(limit)
}

// send sends one message within --timeout, and prints the result.
func (b *broadcast) send(ctx context.Context, c *client.Conn, payload []byte) error {
	ctx, cancel := context.WithTimeout(ctx, b.flags.Timeout)
	defer cancel()
	req := &tamtamv1.BroadcastRequest{Payload: payload, Topic: b.topic, NoWait: b.noWait, Retain: b.retain, Members: b.members, Tags: b.to.tags}
	switch {
	case b.waitAll:
		req.Wait = &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true}
		req.MinMembers = b.wanted()
	case b.wait > 0:
		req.Wait = &tamtamv1.BroadcastRequest_WaitMembers{WaitMembers: b.wait}
	}
	r, err := c.Broadcast(ctx, req)
	if err != nil {
		return c.Explain(err)
	}
	if r.GetSentTo() == 0 && !b.warned {
		b.warned = true
		who := "is alive: only readers on this node got it"
		switch {
		case b.retain:
			who = "that keeps topics is alive: the value is lost if this node restarts"
		case !b.to.all():
			who = "that is alive matches --to, as far as this node knows"
		}
		fmt.Fprintln(b.Err, "tamtamctl: no other member "+who)
	}
	if err := b.result(r, req.GetWait() != nil); err != nil {
		return err
	}
	switch {
	case len(r.GetMissing()) > 0 || !b.to.all() && r.GetHave() < b.asked(r):
		return &missingError{r.GetMissing(), int(r.GetHave()), int(b.asked(r))}
	case r.GetSentTo() < b.wanted(): // by an earlier version of the daemon
		return &refusedError{fmt.Sprintf("too few live members: %d, want %d; the message was sent all the same", r.GetSentTo(), b.wanted())}
	}
	return nil
}

// asked returns how many of the members that a message is for have it if it succeeded. Receivers may
// report that they do not match, so it may be for fewer than --min; then it was sent all the same.
func (b *broadcast) asked(r *tamtamv1.BroadcastResponse) uint32 {
	if b.waitAll {
		return max(r.GetSentTo(), b.wanted())
	}
	return b.wait
}

// result prints the result of a message.
func (b *broadcast) result(r *tamtamv1.BroadcastResponse, waited bool) error {
	if !b.printer().JSON && !waited {
		return nil
	}
	sent := output.Broadcast{
		SentTo: r.GetSentTo(), Session: output.ID(r.GetSession()), Sequence: r.GetSequence(), Took: output.Millis(r.GetTook()),
	}
	if waited { // otherwise nobody has confirmed it yet, which would look as if nobody had it
		sent.Have, sent.Missing = new(r.GetHave()), output.Slice(r.GetMissing())
	}
	return b.print(sent, func(w io.Writer) {
		fmt.Fprintf(w, "%d of %d members have it after %s\n", r.GetHave(), r.GetSentTo(), render.Trip(r.GetTook().AsDuration()))
	})
}

// payload returns the message that the arguments stand for.
func (b *broadcast) payload(ctx context.Context, args []string) ([]byte, error) {
	var raw []byte
	switch {
	case len(args) > 1:
		return nil, arg.Usage("broadcast", "broadcast takes one message, not %d: put it in quotes", len(args))
	case len(args) == 1 && args[0] != "-":
		raw = []byte(args[0])
	case len(args) == 0 && render.IsTerminal(b.In):
		return nil, arg.Usage("broadcast", "broadcast takes a message, or - to read stdin")
	default:
		var err error
		if raw, err = readAll(ctx, io.LimitReader(b.In, maxStdin+1)); err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
	}
	payload, err := b.decode(raw)
	if len(raw) > maxStdin { // cut
		err = errLong
	}
	if errors.Is(err, errLong) {
		return nil, fmt.Errorf("the message has %w, which is more than a broadcast may have", err)
	}
	return payload, err
}

// decode returns the message that a text stands for.
func (b *broadcast) decode(raw []byte) ([]byte, error) {
	payload := raw
	if b.base64 {
		var err error
		if payload, err = base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw))); err != nil {
			return nil, arg.Usage("broadcast", "the message is not base64: %v", err)
		}
	}
	if len(payload) > limits.MaxPayload {
		return nil, errLong
	}
	return payload, nil
}
