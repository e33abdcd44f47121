// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import "time"

// event is something that happens at an instant of virtual time.
type event struct {
	at    time.Duration // since the start
	order uint64        // of events of one instant
	kind  eventKind
	host  *host
	// An arrival.
	packet packet
	// A call.
	do func()
}

type eventKind uint8

const (
	arrival eventKind = iota // a packet reaches the receive buffer of its host
	timer                    // a host has something due
	step                     // the unit of work that a host was at is done
	call                     // something that a scenario does
)

// queue is a clock that jumps from event to event. Events are used again, since a large
// cluster has millions of them.
type queue struct {
	now    time.Duration
	events events
	order  uint64
	free   []*event
}

// add makes an event, not before now.
func (q *queue) add(at time.Duration, kind eventKind, h *host) *event {
	var e *event
	if n := len(q.free); n > 0 {
		e, q.free = q.free[n-1], q.free[:n-1]
	} else {
		e = new(event)
	}
	q.order++
	*e = event{at: max(at, q.now), order: q.order, kind: kind, host: h}
	q.events.push(turn{e.at, e.order, e})
	return e
}

// next takes the earliest event that is not after end, and sets the clock to it.
func (q *queue) next(end time.Duration) (event, bool) {
	if len(q.events) == 0 || q.events[0].at > end {
		q.now = end
		return event{}, false
	}
	p := q.events.pop().event
	e := *p
	*p = event{} // holds no packet any longer
	q.free = append(q.free, p)
	q.now = e.at
	return e, true
}

// events is a heap, the earliest first: each has four below it. What orders them is in it, so that
// to find the earliest of a million, which takes most of the time, reads little memory.
type events []turn

// turn is an event, and when it happens.
type turn struct {
	at    time.Duration
	order uint64
	event *event
}

func (t turn) before(o turn) bool { return t.at < o.at || t.at == o.at && t.order < o.order }

const below = 4

func (e *events) push(t turn) {
	*e = append(*e, t)
	h := *e
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / below
		if !t.before(h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = t
}

func (e *events) pop() turn {
	h := *e
	first, last := h[0], h[len(h)-1]
	h[len(h)-1] = turn{}
	h = h[:len(h)-1]
	*e = h
	i := 0
	for {
		next := i*below + 1
		if next >= len(h) {
			break
		}
		for j := next + 1; j < min(next+below, len(h)); j++ {
			if h[j].before(h[next]) {
				next = j
			}
		}
		if !h[next].before(last) {
			break
		}
		h[i] = h[next]
		i = next
	}
	if len(h) > 0 {
		h[i] = last
	}
	return first
}
