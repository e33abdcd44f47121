// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// maxEvents bounds the status changes that wait for Run. Smudge makes a few for
// each member that changes; when the bound is reached the queue is thrown away,
// and Run reads the present statuses instead.
const maxEvents = 16384

type event struct {
	port   uint16
	status datagram.Status
	source uint16 // the port of who found out; 0 when unknown
}

// events is Smudge's listener. Smudge calls it under its locks, so it only takes
// notes: it calls nothing of Smudge, does not block and keeps no node.
type events struct {
	self  uint16
	begun chan struct{} // closed when Smudge has listed itself
	wake  chan struct{}

	mu       sync.Mutex // guards the rest
	once     bool
	queue    []event
	overflow bool

	counts *counter.Set
}

var _ smudge.StatusListener = (*events)(nil)

func newEvents(self uint16, counts *counter.Set) *events {
	return &events{self: self, counts: counts, begun: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// OnChange implements smudge.StatusListener.
func (e *events) OnChange(node *smudge.Node, status smudge.NodeStatus) {
	port := node.Port()
	e.mu.Lock()
	defer e.mu.Unlock()
	if port == e.self {
		if !e.once {
			e.once = true
			close(e.begun)
		}
		return // we know about ourselves
	}
	if len(e.queue) >= maxEvents {
		e.queue, e.overflow = e.queue[:0], true
		e.counts.Inc(overflows)
	}
	ev := event{port: port, status: datagram.Status(status)}
	if s := node.StatusSource(); s != nil {
		ev.source = s.Port()
	}
	e.queue = append(e.queue, ev)
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// take returns what has been noted since it was last called.
func (e *events) take() (queue []event, overflow bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	queue, overflow = e.queue, e.overflow
	e.queue, e.overflow = nil, false
	return queue, overflow
}

// forgottenCheck is how often Run looks for peers that Smudge has removed, of
// which it tells nobody.
const forgottenCheck = 10 * time.Second

// Run tells of status changes and forgotten peers until ctx is done.
func (n *Node) Run(ctx context.Context) {
	tick := time.NewTicker(forgottenCheck)
	defer tick.Stop()
	for {
		select {
		case <-n.events.wake:
			queue, overflow := n.events.take()
			if overflow {
				n.resync()
			}
			for _, e := range queue {
				n.tell(e)
			}
		case <-tick.C:
			n.dropForgotten()
		case <-ctx.Done():
			return
		}
	}
}

func (n *Node) tell(e event) {
	n.mu.Lock()
	p := n.byVirtual[netip.AddrPortFrom(loopback, e.port)]
	var by netip.AddrPort
	if e.source == n.virtual.Port() {
		by = n.cfg.Local
	} else if s := n.byVirtual[netip.AddrPortFrom(loopback, e.source)]; s != nil {
		by = s.real
	}
	n.mu.Unlock()
	if p != nil && e.status >= datagram.Alive && e.status <= datagram.Dead {
		n.cfg.OnStatus(p.real, e.status, by)
	}
}

// resync tells the present status of every node.
func (n *Node) resync() {
	for _, node := range smudge.AllNodes() {
		n.tell(event{port: node.Port(), status: datagram.Status(node.Status())})
	}
}

// dropForgotten removes the peers that Smudge has given up after its ten
// retries.
func (n *Node) dropForgotten() {
	n.mu.Lock()
	missing := make(map[netip.AddrPort]*peer, len(n.byVirtual))
	for virtual, p := range n.byVirtual {
		if p.listed {
			missing[virtual] = p
		}
	}
	n.mu.Unlock()
	for _, node := range smudge.AllNodes() {
		delete(missing, netip.AddrPortFrom(loopback, node.Port()))
	}
	for _, p := range missing {
		if n.remove(p) { // and not a later life of it
			n.cfg.OnForgotten(p.real)
		}
	}
}

// State is what Smudge keeps of a peer beside its status.
type State struct {
	Age         time.Duration // since it last answered or changed its status
	EmitCounter int           // how many more times its status is gossiped
	PingMillis  int           // last round trip; -1 without data, -2 timed out
	Timestamp   uint32        // when Age began, milliseconds since 1970 mod 2³²
}

// States returns the state of every peer.
func (n *Node) States() map[netip.AddrPort]State {
	nodes := smudge.AllNodes()
	states := make(map[netip.AddrPort]State, len(nodes))
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, node := range nodes {
		p := n.byVirtual[netip.AddrPortFrom(loopback, node.Port())]
		if p == nil {
			continue
		}
		states[p.real] = State{
			Age:         time.Duration(node.Age()) * time.Millisecond,
			EmitCounter: int(node.EmitCounter()),
			PingMillis:  node.PingMillis(),
			Timestamp:   node.Timestamp(),
		}
	}
	return states
}
