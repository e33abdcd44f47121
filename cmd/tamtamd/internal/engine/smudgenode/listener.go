// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"sync"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// maxEvents bounds the status changes that wait for Run. Smudge reports a few for each
// member that changes. At the bound the queue is dropped, and Run reads the present
// statuses instead.
const maxEvents = 16384

type event struct {
	port   uint16
	status datagram.Status
	source uint16 // port of the reporter's virtual address; 0 if unknown
}

// listener queues Smudge's status changes. Smudge calls it with its own locks held, so
// it calls nothing of Smudge, does not block and keeps no *smudge.Node.
type listener struct {
	self  uint16
	begun chan struct{} // closed when Smudge has listed itself
	wake  chan struct{}

	mu       sync.Mutex // guards the rest
	once     bool       // begun is closed
	queue    []event
	overflow bool

	counts *counter.Set
}

var _ smudge.StatusListener = (*listener)(nil)

func newListener(self uint16, counts *counter.Set) *listener {
	return &listener{self: self, counts: counts, begun: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// OnChange implements smudge.StatusListener.
func (l *listener) OnChange(node *smudge.Node, status smudge.NodeStatus) {
	port := node.Port()
	l.mu.Lock()
	defer l.mu.Unlock()
	if port == l.self {
		if !l.once {
			l.once = true
			close(l.begun)
		}
		return // the status of this node itself is not Smudge's to decide
	}
	if len(l.queue) >= maxEvents {
		l.queue, l.overflow = l.queue[:0], true
		l.counts.Inc(overflows)
	}
	ev := event{port: port, status: datagram.Status(status)}
	if s := node.StatusSource(); s != nil {
		ev.source = s.Port()
	}
	l.queue = append(l.queue, ev)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take returns the changes since the last call, and whether some were dropped.
func (l *listener) take() (queue []event, overflow bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue, overflow = l.queue, l.overflow
	l.queue, l.overflow = nil, false
	return queue, overflow
}
