// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// encodings are the values of --encoding.
var encodings = []string{"string", "base64", "bytes"}

type encoding string

func (e *encoding) String() string { return string(*e) }

func (e *encoding) Set(s string) error {
	if !slices.Contains(encodings, s) {
		return fmt.Errorf("want %s", strings.Join(encodings, ", "))
	}
	*e = encoding(s)
	return nil
}

func (a *app) streamCommand() *ffcli.Command {
	form := encoding("string")
	var q query
	fs := flag.NewFlagSet("stream", flag.ContinueOnError)
	fs.Var(&form, "encoding", "`form` of a message: string (a line each), base64 (a line each), or bytes (as they are, nothing between them)")
	q.register(fs)
	return a.command(&ffcli.Command{
		Name:       "stream",
		ShortUsage: "tamtamctl stream [--topic TOPIC] [--origin ADDRESS] [--last N] [--since WHEN] [--encoding FORM]",
		ShortHelp:  "Print each message that is broadcast from now on.",
		LongHelp: `Each message is printed once, those of one node in the order in which it sent them.
With --last or --since, what the daemon keeps of the messages before comes first;
how many it keeps is bounded. Messages that could not be got are told on stderr.

Ends with Ctrl-C, when its output is closed, or when the daemon ends. On a
terminal, control characters of a message are escaped; elsewhere only its line
ends are, so that a message is one line. In JSON, each message is one
line, with its payload in base64, and as text when it is valid UTF-8; what could
not be got is a line, too, an event "gap" instead of "message".

  tamtamctl stream
  tamtamctl stream --topic deploy,alert --last 10
  tamtamctl stream --origin 192.0.2.1:9999 --since 5m
  tamtamctl stream -o json | jq -r 'select(.event == "message").text'`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("stream", args); err != nil {
				return err
			}
			return a.dial(func(c *api) error {
				return stream(ctx, c, func(ctx context.Context) (grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse], error) {
					return c.StreamMessages(ctx, q.request(time.Now()))
				}, func(r *tamtamv1.StreamMessagesResponse) error { return a.delivery(r, form) })
			})
		},
	})
}

// delivery prints a step of the stream.
func (a *app) delivery(r *tamtamv1.StreamMessagesResponse, form encoding) error {
	switch {
	case r.GetMessage() != nil:
		return a.message(r.GetMessage(), form)
	case r.GetGap() != nil:
		return a.gap(r.GetGap())
	}
	return nil // of a daemon newer than we are
}

type messageJSON struct {
	Event  string `json:"event"` // message
	Origin string `json:"origin"`
	// Session is text, as a member's is.
	Session  string     `json:"session"`
	Sequence uint64     `json:"sequence"`
	Topic    string     `json:"topic"`
	Sent     *time.Time `json:"sent"` // null when unknown
	Received time.Time  `json:"received"`
	Payload  []byte     `json:"payload"`
	Text     *string    `json:"text,omitempty"`
}

type gapJSON struct {
	Event   string `json:"event"` // gap
	Origin  string `json:"origin"`
	Session string `json:"session"`
	From    uint64 `json:"from"`
	To      uint64 `json:"to"`
}

// gap tells what is missing: on stderr, where it is not taken for a message.
func (a *app) gap(g *tamtamv1.Gap) error {
	if a.json() {
		return a.print(gapJSON{"gap", g.GetOrigin(), strconv.FormatUint(g.GetSession(), 10), g.GetFrom(), g.GetTo()}, nil)
	}
	what := fmt.Sprintf("messages %d to %d", g.GetFrom(), g.GetTo())
	if g.GetFrom() == g.GetTo() {
		what = fmt.Sprintf("message %d", g.GetFrom())
	}
	fmt.Fprintf(a.Err, "tamtamctl: lost: %s of %s\n", what, g.GetOrigin())
	return nil
}

func (a *app) message(m *tamtamv1.Message, form encoding) error {
	if a.json() {
		j := messageJSON{Event: "message", Origin: m.GetOrigin(), Session: strconv.FormatUint(m.GetSession(), 10), Sequence: m.GetSequence(),
			Topic: m.GetTopic(), Received: m.GetReceived().AsTime(), Payload: m.GetPayload()}
		if j.Payload == nil {
			j.Payload = []byte{}
		}
		if m.GetSent() != nil {
			sent := m.GetSent().AsTime()
			j.Sent = &sent
		}
		if utf8.Valid(m.GetPayload()) {
			text := string(m.GetPayload())
			j.Text = &text
		}
		return a.print(j, nil)
	}
	var text string
	switch form {
	case "bytes":
		text = string(m.GetPayload())
	case "base64":
		text = base64.StdEncoding.EncodeToString(m.GetPayload()) + "\n"
	default:
		text = oneLine.Replace(string(m.GetPayload())) + "\n"
		if isTerminal(a.Out) {
			text = escape(string(m.GetPayload())) + "\n"
		}
	}
	_, err := io.WriteString(a.Out, text)
	return err
}

// oneLine keeps a message from looking like several. The rest of it is left alone
// where no terminal is: who needs every byte takes base64 or JSON.
var oneLine = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// escape makes visible what would steer a terminal, and what is no UTF-8.
func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case !unicode.IsPrint(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r): // direction marks among them
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}
