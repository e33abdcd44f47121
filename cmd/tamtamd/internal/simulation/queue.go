// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"container/heap"
	"time"
)

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
	heap.Push(&q.events, e)
	return e
}

// next takes the earliest event that is not after end, and sets the clock to it.
func (q *queue) next(end time.Duration) (event, bool) {
	if len(q.events) == 0 || q.events[0].at > end {
		q.now = end
		return event{}, false
	}
	p := heap.Pop(&q.events).(*event)
	e := *p
	*p = event{} // holds no packet any longer
	q.free = append(q.free, p)
	q.now = e.at
	return e, true
}

type events []*event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(*event)) }
func (e *events) Pop() any {
	n := len(*e) - 1
	last := (*e)[n]
	(*e)[n] = nil
	*e = (*e)[:n]
	return last
}
