// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// errNoCursors: the daemon cannot resume.
var errNoCursors = errors.New("--resume-file: the daemon is of an earlier version, and cannot resume a stream: update it, or leave out --resume-file")

// messageFollower does what stream does with the messages that come.
type messageFollower struct {
	*stream
	client client.Client
	run    func(m *tamtamv1.Message, done func()) error // nil to print
	after  []byte
	done   func(cursor []byte) func() // what to call when a message with the cursor was handled by a command
	alone  func(cursor []byte)        // takes a cursor of what was handled

	origins []string
	cursors bool // the daemon gives cursors
	met     bool
}

// open is that of follow.MessagesConfig.
func (f *messageFollower) open(ctx context.Context, after []byte, fresh bool, each func(*tamtamv1.StreamMessagesResponse) error) error {
	return f.client.Dial(func(c *client.Conn) error {
		if f.origins == nil { // once: members are looked up when the command begins
			origins, err := addresses(ctx, c, f.wanted.origins, f.flags.Timeout)
			if err != nil {
				return err
			}
			f.origins = origins
		}
		if f.wanted.needsRetained() {
			if err := f.needRetained(ctx, c, "--retained and no patterns of topics"); err != nil {
				return err
			}
		}
		return client.Stream(ctx, c, func(ctx context.Context) (grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse], error) {
			return c.StreamMessages(ctx, f.wanted.request(f.origins, time.Now(), after, fresh))
		}, each)
	})
}

func (f *messageFollower) event(e follow.MessageEvent) error {
	f.cursors = f.cursors || e.Cursor != nil
	switch {
	case e.Disconnected != nil:
		return f.disconnected(e.Disconnected)
	case e.Resumed:
		f.cursors = !e.Uncertain
		return f.resumed(e.Uncertain)
	case f.resumeFile != "" && !f.cursors:
		return errNoCursors
	}
	f.met = true
	switch {
	case e.Message != nil && f.run != nil:
		return f.run(e.Message, f.done(e.Cursor))
	case e.Message != nil:
		if err := printMessage(f.printer(), e.Message, f.form); err != nil {
			return err
		}
	case e.Gap != nil:
		if err := f.printGap(e.Gap); err != nil {
			return err
		}
	}
	if e.Cursor != nil {
		f.alone(e.Cursor)
	}
	return nil
}

// disconnected and resumed report events of the connection: on stderr, and in JSON.
func (f *messageFollower) disconnected(err error) error {
	text := client.Describe(err)
	before := ""
	if f.met {
		before = "disconnected: "
	}
	fmt.Fprintf(f.Err, "tamtamctl: %s%s; retrying\n", before, render.Escape(text))
	return f.connection(output.Connection{Event: "disconnected", Error: text})
}

func (f *messageFollower) resumed(uncertain bool) error {
	text := "reconnected, going on after the last message that came"
	if uncertain {
		text = "reconnected, but the daemon is of an earlier version: messages that were sent meanwhile are missing"
	}
	fmt.Fprintf(f.Err, "tamtamctl: %s\n", text)
	return f.connection(output.Connection{Event: "resumed", Uncertain: uncertain})
}

func (f *messageFollower) connection(c output.Connection) error {
	if f.run != nil || !f.printer().JSON {
		return nil
	}
	return f.print(c, nil)
}
