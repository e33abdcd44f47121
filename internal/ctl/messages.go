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
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// maxStdin bounds what broadcast reads; it is over what any daemon takes.
const maxStdin = 64 << 10

func (a *app) broadcastCommand() *ffcli.Command {
	fs := flag.NewFlagSet("broadcast", flag.ContinueOnError)
	encoded := fs.Bool("base64", false, "the message is given in base64")
	return a.command(&ffcli.Command{
		Name:       "broadcast",
		ShortUsage: "tamtamctl broadcast [--base64] [MESSAGE|-]",
		ShortHelp:  "Send a short message to every live member.",
		LongHelp: `Without MESSAGE, or with -, all of stdin is the message. How long it may be, the
daemon decides: "tamtamctl -o json address" tells. A message that begins with a dash
goes after --.

  tamtamctl broadcast hello
  tamtamctl broadcast -- --not-a-flag
  date | tamtamctl broadcast -
  tamtamctl broadcast --base64 3q2+7w==`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			payload, err := a.payload(ctx, args, *encoded)
			if err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *api) error {
				r, err := c.Broadcast(ctx, &tamtamv1.BroadcastRequest{Payload: payload})
				if err != nil {
					return err
				}
				if r.GetSentTo() == 0 {
					fmt.Fprintln(a.Err, "tamtamctl: no other member is alive: only this node's own readers got it")
				}
				if !a.json() {
					return nil // nothing but success to tell
				}
				return a.print(map[string]any{"sent_to": r.GetSentTo()}, nil)
			})
		},
	})
}

// payload is the message that the arguments of broadcast stand for.
func (a *app) payload(ctx context.Context, args []string, encoded bool) ([]byte, error) {
	var raw []byte
	switch {
	case len(args) > 1:
		return nil, &usageError{"tamtamctl broadcast", fmt.Sprintf("broadcast takes one message, not %d: put it in quotes", len(args))}
	case len(args) == 1 && args[0] != "-":
		raw = []byte(args[0])
	case len(args) == 0 && isTerminal(a.In):
		return nil, &usageError{"tamtamctl broadcast", "broadcast takes a message, or - to read stdin"}
	default:
		var err error
		if raw, err = readAll(ctx, io.LimitReader(a.In, maxStdin+1)); err != nil {
			return nil, fmt.Errorf("read stdin: %w", err)
		}
		if len(raw) > maxStdin {
			return nil, fmt.Errorf("stdin holds over %d bytes: a broadcast is short", maxStdin)
		}
	}
	if !encoded {
		return raw, nil
	}
	payload, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(raw)))
	if err != nil {
		return nil, &usageError{"tamtamctl broadcast", fmt.Sprintf("the message is not base64: %v", err)}
	}
	return payload, nil
}

// readAll is io.ReadAll until ctx is done. The goroutine of a read that never returns
// is abandoned on purpose: nothing can interrupt it, and the program ends.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	read := make(chan result, 1)
	go func() {
		b, err := io.ReadAll(r)
		read <- result{b, err}
	}()
	select {
	case got := <-read:
		return got.b, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

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
	fs := flag.NewFlagSet("stream", flag.ContinueOnError)
	fs.Var(&form, "encoding", "`form` of a message: string (a line each), base64 (a line each), or bytes (as they are, nothing between them)")
	return a.command(&ffcli.Command{
		Name:       "stream",
		ShortUsage: "tamtamctl stream [--encoding FORM]",
		ShortHelp:  "Print each message that is broadcast from now on.",
		LongHelp: `Ends with Ctrl-C, when its output is closed, or when the daemon ends. On a
terminal, control characters of a message are escaped; elsewhere only its line
ends are, so that a message is one line. In JSON, each message is one
line, with its payload in base64, and as text when it is valid UTF-8.

  tamtamctl stream
  tamtamctl stream -o json | jq -r .text`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("stream", args); err != nil {
				return err
			}
			return a.dial(func(c *api) error {
				return stream(ctx, c, func(ctx context.Context) (grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse], error) {
					return c.StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{})
				}, func(r *tamtamv1.StreamMessagesResponse) error { return a.message(r.GetMessage(), form) })
			})
		},
	})
}

type messageJSON struct {
	Origin   string    `json:"origin"`
	Received time.Time `json:"received"`
	Payload  []byte    `json:"payload"`
	Text     *string   `json:"text,omitempty"`
}

func (a *app) message(m *tamtamv1.Message, form encoding) error {
	if a.json() {
		j := messageJSON{Origin: m.GetOrigin(), Received: m.GetReceived().AsTime(), Payload: m.GetPayload()}
		if j.Payload == nil {
			j.Payload = []byte{}
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
