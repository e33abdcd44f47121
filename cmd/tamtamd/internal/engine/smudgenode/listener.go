// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net/netip"
	"sync"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
)

// maxEvents bounds the status changes that wait for Run. Smudge reports a few for each
// member that changes. At the bound the queue is dropped, and Run reads the present
// statuses instead.
const maxEvents = 16384

type event struct {
	virtual netip.AddrPort
	status  datagram.Status
	source  netip.AddrPort // the reporter's virtual address; invalid if unknown
}

// listener queues Smudge's status changes. Smudge calls it with its own locks held, so
// it calls nothing of Smudge, does not block and keeps no *smudge.Node.
type listener struct {
	self  netip.AddrPort
	begun chan struct{} // closed when Smudge has listed itself
	wake  chan struct{}

	mu       sync.Mutex // guards the rest
	once     bool       // begun is closed
	queue    []event
	overflow bool
	due      lateness.Due // the first of queue

	counts *counter.Set
}

var _ smudge.StatusListener = (*listener)(nil)

func newListener(self netip.AddrPort, counts *counter.Set) *listener {
	return &listener{self: self, counts: counts, begun: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// OnChange implements smudge.StatusListener. Smudge changes statuses in two goroutines, without a
// lock, and may report two changes of a node in the other order. So its status is read: the last
// event has what it came to.
func (l *listener) OnChange(node *smudge.Node, _ smudge.NodeStatus) {
	virtual := virtualOf(node)
	l.mu.Lock()
	defer l.mu.Unlock()
	if virtual == l.self {
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
	if len(l.queue) == 0 {
		now := time.Now()
		l.due.Set(now, now)
	}
	l.queue = append(l.queue, event{virtual, datagram.Status(node.Status()), virtualOf(node.StatusSource())})
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// virtualOf returns the virtual address of a node. It is invalid for nil, and for
// 0.0.0.0:0, which Smudge makes of a reporter that it does not know.
func virtualOf(node *smudge.Node) netip.AddrPort {
	if node == nil || node.Port() == 0 {
		return netip.AddrPort{}
	}
	ip, _ := netip.AddrFromSlice(node.IP())
	return netip.AddrPortFrom(ip.Unmap(), node.Port())
}

// take returns the changes since the last call, whether some were dropped, and how late the first
// of them is taken.
func (l *listener) take() (queue []event, overflow bool, late time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	queue, overflow = l.queue, l.overflow
	l.queue, l.overflow = nil, false
	return queue, overflow, l.due.Done(time.Now())
}
