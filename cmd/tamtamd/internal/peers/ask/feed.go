// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// feed has the events that a caller has not taken. The mutex of the Exchange guards it.
type feed struct {
	events []Event
	err    error         // what follows the events; nil while more may come
	ready  chan struct{} // has room for one
}

func newFeed() *feed { return &feed{ready: make(chan struct{}, 1)} }

func (f *feed) put(e Event) {
	f.events = append(f.events, e)
	f.wake()
}

// putQuestion puts a question for a program. So many wait at most that the asker waits for, and
// those that it waits for no longer make room: a program that takes none must not fill the memory.
func (f *feed) putQuestion(e Event) {
	if len(f.events) >= limits.OpenAnswersEach {
		f.events = slices.DeleteFunc(f.events, func(old Event) bool { return !old.Until.After(time.Now()) })
	}
	f.put(e)
}

func (f *feed) end(err error) {
	if f.err == nil {
		f.err = err
	}
	f.wake()
}

func (f *feed) wake() {
	select {
	case f.ready <- struct{}{}:
	default:
	}
}

// Feed is what a caller gets of a query or, if it answers, the questions for it.
type Feed struct {
	x       *Exchange
	feed    *feed
	id      uint64
	answers bool
	taken   int // cost of the event that was taken last
}

// Next waits for the next event. It fails with the error of ctx, with fanout.ErrOverflow if all
// callers together have too many answers that they did not take, or with fanout.ErrClosed.
func (f *Feed) Next(ctx context.Context) (Event, error) {
	for {
		if e, ok, err := f.take(); ok || err != nil {
			return e, err
		}
		select {
		case <-f.feed.ready:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

func (f *Feed) take() (Event, bool, error) {
	f.x.mu.Lock()
	defer f.x.mu.Unlock()
	if len(f.feed.events) == 0 {
		return Event{}, false, f.feed.err
	}
	e := f.feed.events[0]
	f.feed.events[0] = Event{}
	f.feed.events = f.feed.events[1:]
	if !f.answers {
		f.x.bytes -= f.taken
		f.taken = cost(e)
	}
	return e, true, nil
}

// cost is what an event counts for until the next one is taken: a long answer twice, as it is encoded for the
// caller meanwhile.
func cost(e Event) int {
	if n := len(e.Payload); n > limits.Piece {
		return 2 * n
	}
	return len(e.Payload)
}

// Answer answers a question, of an answerer's feed: with a payload or, if why is not empty, with
// a failure. It returns ErrInvalid if the payload is over limits.MaxAnswer: the asker gets a
// failure that says so.
func (f *Feed) Answer(id uint64, payload []byte, why string) (err error) {
	if n := len(payload); n > limits.MaxAnswer {
		why = fmt.Sprintf("its answer has %d bytes: an answer may have %d", n, limits.MaxAnswer)
		payload, err = nil, fmt.Errorf("%w: %s", ErrInvalid, why)
	}
	f.x.do(func(now time.Time) { f.x.core.Answer(now, f.id, id, payload, why) })
	return err
}

// Close ends it: a query is given up, and an answerer gets no more questions; those that it has
// not answered fail.
func (f *Feed) Close() {
	f.x.do(func(now time.Time) {
		if f.answers {
			delete(f.x.answerers, f.id)
			f.x.core.Unregister(now, f.id)
		} else {
			delete(f.x.queries, f.id)
			f.x.core.Cancel(f.id)
		}
		if !f.answers {
			for _, e := range f.feed.events {
				f.x.bytes -= cost(e)
			}
			f.x.bytes -= f.taken
			f.taken = 0
		}
		f.feed.events = nil
		f.feed.end(context.Canceled)
	})
}
