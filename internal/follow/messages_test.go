// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

type messagesResponse = tamtamv1.StreamMessagesResponse

func message(cursor string, seq uint64) *messagesResponse {
	return &messagesResponse{Cursor: bytesOf(cursor), Event: &tamtamv1.StreamMessagesResponse_Message{Message: &tamtamv1.Message{Origin: "a", Session: 1, Sequence: seq}}}
}

func lost(cursor string, from, to uint64) *messagesResponse {
	return &messagesResponse{Cursor: bytesOf(cursor), Event: &tamtamv1.StreamMessagesResponse_Gap{Gap: &tamtamv1.Gap{Origin: "a", Session: 1, From: from, To: to}}}
}

func alone(cursor string) *messagesResponse { return &messagesResponse{Cursor: bytesOf(cursor)} }

func bytesOf(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

func TestMessages(t *testing.T) {
	type stream struct {
		steps []*messagesResponse
		err   error
	}
	for name, c := range map[string]struct {
		patient bool
		after   string
		streams []stream
		events  []string
		asked   []string
		took    time.Duration // at the least
	}{
		"it goes on after the last cursor": {false, "", []stream{
			{[]*messagesResponse{alone("0"), message("1", 1)}, errGone}, {nil, errGone}, {[]*messagesResponse{alone("1"), lost("3", 2, 3), message("4", 4)}, errNever},
		}, []string{"alone 0", "1 1", "disconnected", "resumed", "alone 1", "gap 2-3 3", "4 4"}, []string{" fresh", "1", "1"}, MinBackoff},
		"after one that was kept": {false, "7", []stream{{[]*messagesResponse{alone("7"), message("8", 8)}, errNever}},
			[]string{"alone 7", "8 8"}, []string{"7 fresh"}, 0},
		"what comes again is left out, its cursor is not": {false, "", []stream{
			{[]*messagesResponse{alone("0"), message("", 1), message("", 2), message("", 3)}, errGone},
			{[]*messagesResponse{alone("0"), message("", 1), message("2", 2), message("", 3), lost("", 2, 3), message("4", 4)}, errNever},
		}, []string{"alone 0", "1 ", "2 ", "3 ", "disconnected", "resumed", "alone 0", "alone 2", "4 4"}, []string{" fresh", "0"}, 0},
		"a daemon that was never there": {false, "", []stream{{nil, errGone}}, nil, []string{" fresh"}, 0},
		"a patient client": {true, "", []stream{{nil, errGone}, {[]*messagesResponse{alone("0")}, errNever}},
			[]string{"disconnected", "alone 0"}, []string{" fresh", " fresh"}, MinBackoff / 2},
		"an earlier version": {false, "", []stream{{[]*messagesResponse{message("", 1)}, errGone}, {[]*messagesResponse{message("", 1), {}}, errNever}},
			[]string{"1 ", "disconnected", "resumed, uncertain", "1 "}, []string{" fresh", ""}, 0},
		"a slow reader": {false, "", []stream{{[]*messagesResponse{alone("0")}, errSlow}, {[]*messagesResponse{alone("0")}, errNever}},
			[]string{"alone 0", "disconnected", "resumed", "alone 0"}, []string{" fresh", "0"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var events, asked []string
				began := time.Now()
				err := Messages(t.Context(), MessagesConfig{
					Patient: c.patient, After: bytesOf(c.after),
					Again: func(err error, _ bool) bool { return !errors.Is(err, errNever) },
					Open: func(_ context.Context, after []byte, fresh bool, each func(*messagesResponse) error) error {
						how := string(after)
						if fresh {
							how += " fresh"
						}
						s := c.streams[len(asked)]
						asked = append(asked, how)
						for _, r := range s.steps {
							if err := each(r); err != nil {
								return err
							}
						}
						return s.err
					},
				}, func(e MessageEvent) error {
					events = append(events, text(e))
					return nil
				})
				if last := c.streams[len(c.streams)-1].err; !errors.Is(err, last) {
					t.Errorf("ended with %v, want %v", err, last)
				}
				if !slices.Equal(events, c.events) || !slices.Equal(asked, c.asked) {
					t.Errorf("events %q, want %q; asked %q, want %q", events, c.events, asked, c.asked)
				}
				if took := time.Since(began); took < c.took {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}

// TestMessagesEnd with their context, and with the error of the function that they are handed to.
func TestMessagesEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	mine := errors.New("mine")
	for _, want := range []error{mine, nil} {
		err := Messages(ctx, MessagesConfig{
			Again: func(error, bool) bool { return true },
			Open: func(_ context.Context, _ []byte, _ bool, each func(*messagesResponse) error) error {
				if err := each(alone("0")); err != nil {
					return fmt.Errorf("sent: %w", err)
				}
				return errGone
			},
		}, func(MessageEvent) error {
			if want == nil {
				cancel()
			}
			return want
		})
		if !errors.Is(err, want) {
			t.Errorf("ended with %v, want %v", err, want)
		}
	}
}

// TestMessagesForget: what a cursor has, and what is too much, is not remembered. Until a later stream has come as far
// as an earlier one, it is.
func TestMessagesForget(t *testing.T) {
	m := &messages{have: map[origin]had{}, each: func(MessageEvent) error { return nil }}
	of := func(cursor string, session, seq uint64) *messagesResponse {
		r := message(cursor, seq)
		r.GetMessage().Session = session
		return r
	}
	step := func(r *messagesResponse, known int) {
		t.Helper()
		if err := m.step(r); err != nil || len(m.have) != known {
			t.Errorf("%v: %d sessions are remembered, want %d; %v", r, len(m.have), known, err)
		}
	}
	step(alone("0"), 0)
	for i := range uint64(3000) {
		step(of("with it", i+1, 7), 0)
	}
	for i := range uint64(5) {
		step(of("", i+1, 8), int(i)+1)
	}
	step(alone("1"), 0)
	step(of("", 1, 10), 1)
	step(of("", 2, 10), 2)
	m.begin()
	step(alone("1"), 2)
	step(of("", 1, 9), 2)
	step(of("", 2, 10), 2)
	step(alone("2"), 1)
	step(of("3", 1, 10), 0)
	for i := range uint64(3 * maxHave) {
		if step(of("", i+1, 20), int(i%maxHave)+1); t.Failed() {
			return
		}
	}
}

// text is an event in a few words.
func text(e MessageEvent) string {
	switch {
	case e.Disconnected != nil:
		return "disconnected"
	case e.Resumed && e.Uncertain:
		return "resumed, uncertain"
	case e.Resumed:
		return "resumed"
	case e.Message != nil:
		return fmt.Sprintf("%d %s", e.Message.GetSequence(), e.Cursor)
	case e.Gap != nil:
		return fmt.Sprintf("gap %d-%d %s", e.Gap.GetFrom(), e.Gap.GetTo(), e.Cursor)
	}
	return fmt.Sprintf("alone %s", e.Cursor)
}
