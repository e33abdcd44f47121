// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// ErrTooManyPositions: the readers that can resume are in too many streams.
var ErrTooManyPositions = errors.New("too many readers that can resume")

const (
	// wholeCursor is the most bytes of a cursor that comes with each step.
	wholeCursor = 1024
	// cursorEvery is the time between two cursors that come alone.
	cursorEvery = time.Second
	// stepBytes is the round size of a step beside payload and topic.
	stepBytes = 100
)

// Step is what a reader that can resume gets.
type Step struct {
	Delivery Delivery // unless Alone
	Alone    bool     // there is only a cursor
	Cursor   []byte   // where to go on after this step; nil if an earlier one has to do
	// Subscribed: the reader gets what is published from now on, and it did not before. Only if Alone.
	Subscribed bool
}

// Feed is a Reader, for those that use it.
type Feed interface {
	Next(context.Context) (Step, error)
	Select(Query)
	Close()
}

// Reader is a reader that can resume. Only one goroutine may use it.
type Reader struct {
	b       *Broadcaster
	q       Query
	buffer  int
	r       *reading
	sub     *fanout.Subscription[Delivery] // nil until all that is kept was read
	joined  bool                           // sub is new
	counted int                            // positions that count as the reader's

	size    int       // of the last cursor
	since   int       // bytes of the steps since that
	moved   bool      // the position moved since
	fetched time.Time // when the last cursor was made
}

// Read begins a reader that can resume: after a cursor, or, if that is empty, with what the query selects.
// buffer is that of Subscribe. Fails with ErrCursor and ErrTooManyPositions.
func (b *Broadcaster) Read(q Query, after []byte, buffer int) (Feed, error) {
	var from *cursor
	if len(after) > 0 {
		c, err := parseCursor(after)
		if err != nil {
			return nil, err
		}
		from = c
	}
	b.mu.Lock()
	defer b.unlock()
	now := time.Now()
	place := b.core.store.end()
	if from == nil && (q.Last > 0 || !q.Since.IsZero()) {
		place = b.placeLocked(q)
	}
	r := &Reader{b: b, q: q, buffer: buffer, r: newReading(b.core, now, from, place), moved: true}
	if err := r.countLocked(); err != nil {
		return nil, err
	}
	if from == nil && place == b.core.store.end() { // nothing that is kept comes first
		r.subscribe()
	}
	b.wakeRunLocked(now)
	return r, nil
}

// placeLocked returns the place of the first kept message that a query selects.
func (b *Broadcaster) placeLocked(q Query) uint64 {
	s := b.core.store
	first, n := s.end(), 0
	for place := s.end(); place > s.begin(); place-- {
		m := s.place(place - 1)
		head := place - 1
		if m.whole != nil {
			head -= uint64(m.piece.of - 1) // its pieces were delivered together
			m = *m.whole
		} else if m.piece.of > 0 {
			continue
		}
		if m.Received.Before(q.Since) || q.Last > 0 && n == q.Last {
			break
		}
		if !m.others && q.Wants(Delivery{Message: m}) {
			first = head
			n++
		}
	}
	return first
}

// countLocked counts the positions of the reader.
func (r *Reader) countLocked() error {
	n := len(r.r.streams)
	if n > r.counted && r.b.positions+n-r.counted > limits.ReaderPositions {
		return fmt.Errorf("%w: %d origins are known, and there is place for %d of all such readers together", ErrTooManyPositions, n, limits.ReaderPositions)
	}
	r.b.positions += n - r.counted
	r.counted = n
	return nil
}

// Select changes which deliveries the reader gets from now on.
func (r *Reader) Select(q Query) { r.q = q }

// Next waits for the next step. Fails with the error of ctx if that is done, with fanout.ErrClosed
// if the Broadcaster ends, and with ErrTooManyPositions.
func (r *Reader) Next(ctx context.Context) (Step, error) {
	if r.size == 0 {
		return Step{Alone: true, Cursor: r.cursor(time.Now())}, nil
	}
	for {
		d, ok, wait, err := r.poll()
		if err != nil {
			return Step{}, err
		}
		if !ok && r.joined {
			r.joined = false
			r.b.mu.Lock()
			r.b.news.waiting--
			r.b.mu.Unlock()
			return Step{Alone: true, Subscribed: true}, nil
		}
		if !ok {
			if d, ok, err = r.wait(ctx, wait); err != nil {
				return Step{}, err
			}
			if !ok && r.since > 0 || !ok && r.moved && time.Since(r.fetched) >= cursorEvery {
				return Step{Alone: true, Cursor: r.cursor(time.Now())}, nil
			}
		}
		if !ok || !r.q.Wants(d) {
			continue
		}
		step := Step{Delivery: d}
		r.since += stepBytes + len(d.Message.Payload) + len(d.Message.Topic)
		if r.size <= wholeCursor || r.since >= r.size {
			step.Cursor = r.cursor(time.Now())
		}
		return step, nil
	}
}

// cursor makes a cursor.
func (r *Reader) cursor(now time.Time) []byte {
	b := r.r.encode()
	r.size, r.since, r.moved, r.fetched = len(b), 0, false, now
	return b
}

// poll returns the next delivery if it is here, or what to wait for, which is closed when there is news.
func (r *Reader) poll() (d Delivery, ok bool, news <-chan struct{}, err error) {
	b := r.b
	b.mu.Lock()
	defer b.unlock()
	now := time.Now()
	tried := -1 // how many streams are behind, none of which has anything now
	for !ok {
		n := len(r.r.behind)
		if r.sub == nil || n > 0 && n != tried || r.r.seen != b.core.history.version || tried < 0 && r.r.session != b.core.cfg.Local.Session {
			if d, ok = r.r.take(b.core, now); ok {
				break
			}
			tried = len(r.r.behind)
		}
		if r.sub == nil {
			r.subscribe()
		}
		select {
		case v, open := <-r.sub.C():
			if !open {
				if err := r.endLocked(); err != nil {
					return d, false, nil, err
				}
				continue
			}
			d, ok = r.r.look(b.core, *v)
			r.moved = true
			continue
		default:
		}
		break
	}
	r.moved = r.moved || ok
	if err := r.countLocked(); err != nil {
		return d, false, nil, err
	}
	b.wakeRunLocked(now)
	if !ok {
		b.news.waiting++
		news = b.news.next
	}
	b.wakeReadersLocked()
	return d, ok, news, nil
}

func (r *Reader) subscribe() {
	r.sub, r.joined = r.b.hub.Subscribe(r.buffer), true
	r.r.connected()
}

// endLocked handles the end of the subscription: a reader that fell behind goes on with what is kept.
func (r *Reader) endLocked() error {
	if err := r.sub.Err(); !errors.Is(err, fanout.ErrOverflow) {
		return err
	}
	r.sub = nil
	r.r.overflowed(r.b.core)
	return nil
}

// wait waits for a delivery, for news, or until a cursor is due.
func (r *Reader) wait(ctx context.Context, news <-chan struct{}) (d Delivery, ok bool, err error) {
	b := r.b
	var due <-chan time.Time
	if r.since > 0 {
		due = time.After(0)
	} else if r.moved {
		due = time.After(time.Until(r.fetched.Add(cursorEvery)))
	}
	var v *Delivery
	open := true
	select {
	case v, open = <-r.sub.C():
	case <-news:
	case <-due:
	case <-ctx.Done():
		err = ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.news.waiting--
	switch {
	case err != nil:
	case !open:
		err = r.endLocked()
	case v != nil:
		d, ok = r.r.look(b.core, *v)
		r.moved = true
	}
	return d, ok, err
}

// Close ends the reader. It may be called more than once.
func (r *Reader) Close() {
	if r.sub != nil {
		r.sub.Unsubscribe()
	}
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	r.b.positions -= r.counted
	r.counted = 0
}

// wakeReadersLocked wakes the readers that wait for news.
func (b *Broadcaster) wakeReadersLocked() {
	if b.core.history.changed {
		b.core.history.changed = false
		b.news.wake()
	}
}
