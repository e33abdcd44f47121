// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package fanout passes a stream of values to any number of readers. Publishing never
// blocks. The subscription of a reader that falls a whole buffer behind, or too many bytes, ends with
// ErrOverflow.
package fanout

import (
	"errors"
	"sync"
	"sync/atomic"
)

// Reasons for the end of a subscription.
var (
	// ErrOverflow: the reader fell behind its buffer.
	ErrOverflow = errors.New("reader fell behind")
	// ErrClosed: the hub was closed.
	ErrClosed = errors.New("closed")
)

// Hub passes values to its subscriptions.
type Hub[T any] struct {
	mu     sync.Mutex // guards the rest, and every send to a subscription
	subs   map[*Subscription[T]]struct{}
	closed bool
	lag    *lag[T] // nil: values are not weighed

	published, overflows atomic.Uint64
}

// New returns a hub without readers.
func New[T any]() *Hub[T] {
	return &Hub[T]{subs: make(map[*Subscription[T]]struct{})}
}

// Subscription is what one reader gets from a hub.
type Subscription[T any] struct {
	hub *Hub[T]
	// Pointers, since a buffer is made whole, and readers get the same value: one that may fall
	// 1,024 values behind takes 8 KiB.
	ch  chan *T
	err error // set before ch is closed
}

// C returns the values, which all readers share, and must not change. The hub closes it when the subscription ends. Values that were in
// the buffer then can still be read.
func (s *Subscription[T]) C() <-chan *T { return s.ch }

// Err returns why C was closed: ErrOverflow, ErrClosed, or nil after Unsubscribe. It must
// be called only after C is closed.
func (s *Subscription[T]) Err() error { return s.err }

// Subscribe adds a reader with a buffer of that many values, at least 1. On a
// closed hub the subscription has ended already.
func (h *Hub[T]) Subscribe(buffer int) *Subscription[T] {
	s := &Subscription[T]{hub: h, ch: make(chan *T, buffer)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		s.err = ErrClosed
		close(s.ch)
		return s
	}
	h.subs[s] = struct{}{}
	if h.lag != nil {
		h.lag.most = max(h.lag.most, buffer)
	}
	return s
}

// Publish passes v to every reader. It ends the subscription of a reader whose buffer is
// full, in values or in bytes.
func (h *Hub[T]) Publish(v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.published.Add(1)
	if h.lag != nil {
		h.lag.add(h.lag.size(v))
	}
	if len(h.subs) == 0 {
		return
	}
	shared := &struct{ v T }{v} // only now: v would be on the heap without readers, too
	for s := range h.subs {
		if h.lag != nil && len(s.ch) > 0 && h.lag.of(len(s.ch)+1) > h.lag.bytes {
			h.overflows.Add(1)
			h.endLocked(s, ErrOverflow)
			continue
		}
		select {
		case s.ch <- &shared.v:
		default:
			h.overflows.Add(1)
			h.endLocked(s, ErrOverflow)
		}
	}
}

// Unsubscribe ends the subscription. It may be called more than once, and after the hub
// has ended the subscription.
func (s *Subscription[T]) Unsubscribe() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.endLocked(s, nil)
}

func (h *Hub[T]) endLocked(s *Subscription[T], err error) {
	if _, ok := h.subs[s]; ok {
		delete(h.subs, s)
		s.err = err
		close(s.ch)
	}
}

// Close ends all subscriptions, present and later ones. It may be called more than once.
func (h *Hub[T]) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.subs {
		h.endLocked(s, ErrClosed)
	}
}

// Counters adds the hub's counters to m, as they are declared.
func (h *Hub[T]) Counters(c Counters, m map[string]uint64) {
	h.mu.Lock()
	m[c.readers.Name] = uint64(len(h.subs))
	h.mu.Unlock()
	m[c.published.Name] = h.published.Load()
	m[c.overflows.Name] = h.overflows.Load()
}
