// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// MessageEvent is a step of a stream of messages. One of the fields is set, apart from Cursor and Uncertain.
type MessageEvent struct {
	Message *tamtamv1.Message
	Gap     *tamtamv1.Gap // messages that are lost
	// Disconnected: the stream ended, or there was none yet, and why. There is one event, however
	// many attempts follow.
	Disconnected error
	// Resumed: a new stream goes on after the last message that came.
	Resumed bool
	// Uncertain, of Resumed: it begins now, as the daemon is of a version that cannot resume. What was
	// sent meanwhile is missing.
	Uncertain bool
	// Cursor is where to go on after this event, which may have nothing else; nil if the one before has to do.
	Cursor []byte
}

// MessagesConfig says which messages are followed. Open and Again are required.
type MessagesConfig struct {
	// Open opens a stream after a cursor, or, if it is empty, a new one: the first, or, if fresh is
	// false, another one of a daemon that gives no cursors. It hands each step to the function until either ends
	// it, and returns that function's error as it is.
	Open func(ctx context.Context, after []byte, fresh bool, each func(*tamtamv1.StreamMessagesResponse) error) error
	// Again is that of Config.
	Again func(err error, slow bool) bool
	// Patient: go on even if no stream has ever brought anything.
	Patient bool
	// After is the cursor to begin after; empty for a new start.
	After []byte
}

// Messages follows messages over restarts of the daemon, each once, until ctx is done, which is no error,
// or each fails, or a stream fails and Again says no. It returns that error.
func Messages(ctx context.Context, cfg MessagesConfig, each func(MessageEvent) error) error {
	m := &messages{each: each, cursor: cfg.After, have: map[origin]had{}}
	var backoff Backoff
	for {
		m.begin()
		err := cfg.Open(ctx, m.cursor, !m.met, m.step)
		slow := status.Code(err) == codes.ResourceExhausted && m.moved
		if m.moved {
			backoff.Reset()
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case m.err != nil:
			return m.err
		case !cfg.Again(err, slow) || !m.met && !cfg.Patient:
			return err
		}
		if !m.lost {
			m.lost = true
			if err := each(MessageEvent{Disconnected: err}); err != nil {
				return err
			}
		}
		if !slow {
			backoff.Wait(ctx)
		}
	}
}

// messages is what the streams have brought so far.
type messages struct {
	each   func(MessageEvent) error
	err    error // of each
	cursor []byte
	have   map[origin]had // the last message of each since the cursor: those come again after it
	met    bool           // a stream once brought something
	first  bool           // nothing has come of the present stream
	moved  bool           // it has brought something
	lost   bool           // there was a Disconnected, and no Resumed since
}

// had is the last message that came of an origin.
type had struct {
	seq     uint64
	present bool // the present stream is as far, so its next cursor has the message
}

// begin begins with another stream.
func (m *messages) begin() {
	m.first, m.moved = true, false
	for o, h := range m.have {
		m.have[o] = had{h.seq, false}
	}
}

// origin is one session of a sender.
type origin struct {
	address string
	session uint64
}

// step takes one response. It returns, and keeps, the error of each.
func (m *messages) step(r *tamtamv1.StreamMessagesResponse) error {
	if m.err == nil {
		m.err = m.take(r)
	}
	return m.err
}

func (m *messages) take(r *tamtamv1.StreamMessagesResponse) error {
	if m.first && m.met && m.lost {
		m.lost = false
		if err := m.each(MessageEvent{Resumed: true, Uncertain: r.GetCursor() == nil}); err != nil {
			return err
		}
	}
	m.first, m.met, m.moved, m.lost = false, true, true, false
	e := MessageEvent{Message: r.GetMessage(), Gap: r.GetGap(), Cursor: r.GetCursor()}
	if m.again(e) {
		e.Message, e.Gap = nil, nil
	}
	if len(e.Cursor) > 0 {
		m.cursor = e.Cursor
		for o, h := range m.have {
			if h.present {
				delete(m.have, o)
			}
		}
	}
	if e.Message == nil && e.Gap == nil && e.Cursor == nil {
		return nil // from a newer daemon
	}
	return m.each(e)
}

// again reports whether a message or a gap has come before, and else notes it.
func (m *messages) again(e MessageEvent) bool {
	o, last := origin{e.Message.GetOrigin(), e.Message.GetSession()}, e.Message.GetSequence()
	if e.Gap != nil {
		o, last = origin{e.Gap.GetOrigin(), e.Gap.GetSession()}, e.Gap.GetTo()
	}
	if o.session == 0 || len(m.cursor) == 0 { // a plain Smudge node's have no order
		return false
	}
	h, known := m.have[o]
	switch {
	case known && h.seq > last:
		return true
	case !known && len(m.have) >= maxHave:
		clear(m.have)
	}
	m.have[o] = had{last, true}
	return known && h.seq == last
}

// maxHave bounds the sessions of which messages came since the cursor, and those of which nothing came again. Of more,
// some messages may come twice.
const maxHave = limits.CursorStreams
