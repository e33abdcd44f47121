// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package fanout hands each of a stream of values to any number of readers.
// Publishing never blocks: a reader that falls a whole buffer behind loses its
// subscription, and is told so.
package fanout

import (
	"errors"
	"sync"
	"sync/atomic"
)

// Why a subscription ended.
var (
	// ErrOverflow: the reader fell behind its buffer.
	ErrOverflow = errors.New("reader fell behind")
	// ErrClosed: the hub was closed.
	ErrClosed = errors.New("closed")
)

// Hub hands values to its subscriptions.
type Hub[T any] struct {
	mu     sync.Mutex // guards the rest, and every send to a subscription
	subs   map[*Subscription[T]]struct{}
	closed bool

	published, overflows atomic.Uint64
}

// New returns a hub without readers.
func New[T any]() *Hub[T] {
	return &Hub[T]{subs: make(map[*Subscription[T]]struct{})}
}

// Subscription is one reader's.
type Subscription[T any] struct {
	hub *Hub[T]
	ch  chan T
	err error // set before ch is closed
}

// C returns the values. The hub closes it when the subscription ends; what was in
// the buffer by then is still to be read.
func (s *Subscription[T]) C() <-chan T { return s.ch }

// Err tells why C was closed: ErrOverflow, ErrClosed, or nil after Unsubscribe. It
// may be called once C is closed.
func (s *Subscription[T]) Err() error { return s.err }

// Subscribe adds a reader with a buffer of that many values, at least 1. On a
// closed hub the subscription has ended already.
func (h *Hub[T]) Subscribe(buffer int) *Subscription[T] {
	s := &Subscription[T]{hub: h, ch: make(chan T, buffer)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		s.err = ErrClosed
		close(s.ch)
		return s
	}
	h.subs[s] = struct{}{}
	return s
}

// Publish hands v to every reader.
func (h *Hub[T]) Publish(v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.published.Add(1)
	for s := range h.subs {
		select {
		case s.ch <- v:
		default:
			h.overflows.Add(1)
			h.end(s, ErrOverflow)
		}
	}
}

// Unsubscribe ends the subscription. It may be called more than once, and after
// the hub ended it.
func (s *Subscription[T]) Unsubscribe() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.end(s, nil)
}

// end ends a subscription once. mu is held.
func (h *Hub[T]) end(s *Subscription[T], err error) {
	if _, ok := h.subs[s]; ok {
		delete(h.subs, s)
		s.err = err
		close(s.ch)
	}
}

// Close ends every subscription, and those to come. It may be called more than
// once.
func (h *Hub[T]) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.subs {
		h.end(s, ErrClosed)
	}
}

// Counters adds what the hub counted to m.
func (h *Hub[T]) Counters(c Counters, m map[string]uint64) {
	h.mu.Lock()
	m[c.readers.Name] = uint64(len(h.subs))
	h.mu.Unlock()
	m[c.published.Name] = h.published.Load()
	m[c.overflows.Name] = h.overflows.Load()
}
