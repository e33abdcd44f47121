// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package smudgenode embeds the Smudge library so that it talks only to this process. No
// other package imports Smudge.
//
// To Smudge, its own address is 127.0.0.1:S and those of its peers are 127.a.b.c:S, drawn
// at random. One UDP socket serves these virtual addresses. It is bound to S on all
// interfaces, so that Smudge, which wants to listen there, cannot. Systems other than
// Linux have a socket for each peer, 127.0.0.1:p1, 127.0.0.1:p2, …, and one that only
// holds S.
//
// A datagram from Smudge to a peer arrives at the peer's virtual address, is rewritten to
// real addresses and sent on the network. A datagram from the network is rewritten to
// virtual addresses and passed to Smudge by a function call. So Smudge cannot be reached
// from outside, and virtual addresses never leave this package. What another user of the
// machine sends to a virtual address is dropped: see guard.
//
// A peer that is removed and added again gets a new virtual address. Smudge takes it for
// a new node, and none of the old state applies to it.
//
// Smudge is global: a process has one Node, which can be silenced but not ended.
package smudgenode

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/wallclock"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
)

// Version is the version of Smudge that this package is written for and tested with.
const Version = "v1.0.1"

// Config has the settings of the engine. All fields but Late are required.
type Config struct {
	// Local is the real address of this node; its family is the cluster's.
	Local netip.AddrPort
	// MinPing is the shortest time that Smudge waits for the answer to a ping. It waits
	// longer if round trips are longer. See SetMinPing.
	MinPing time.Duration
	// Late gets how late, by more than lateness.From, a ping was when it came from Smudge to the
	// wire, or a status change when it was reported. It must not block.
	Late func(by time.Duration)
	// Logf gets Smudge's own log lines while SetChatter is on.
	Logf func(level string, message string)
}

// Handler is the node that uses the engine; *node.Node is one.
type Handler interface {
	// Send sends a datagram to a real address. It must not block.
	Send(to netip.AddrPort, d datagram.Datagram)
	// Outgoing reports whether an entry from Smudge may go to a node. When Smudge has
	// no news, it fills its datagrams up with random members.
	Outgoing(to netip.AddrPort, e datagram.Entry) bool
	// OnStatus gets each change of a peer's status, in order, from one goroutine. by is
	// the reporter, a peer or Local; invalid if it is not known.
	OnStatus(peer netip.AddrPort, s datagram.Status, by netip.AddrPort)
}

// peer is a peer from Add to Remove.
type peer struct {
	real, virtual netip.AddrPort
	addr          *net.UDPAddr // virtual, as Smudge wants it
	node          *smudge.Node
	guard         guard
	pinged        lateness.Due // Ping was called, and nothing has come of it yet
}

// Node is the Smudge node of this process.
type Node struct {
	cfg      Config
	handler  Handler // set by Start; nothing runs before
	family   datagram.Family
	sockets  sockets
	virtual  netip.AddrPort
	listener *listener

	mu        sync.Mutex // guards the two maps, closed, out, and guard and pinged of each peer
	byReal    map[netip.AddrPort]*peer
	byVirtual map[netip.AddrPort]*peer
	closed    bool
	out       outward // kept, so that forward allocates nothing

	// delivering is held while Smudge gets a datagram or its list of nodes changes, so
	// that no datagram names a node that has just been removed or is not yet added. It is
	// taken before mu, and guards in, deliver and clock.
	delivering  sync.Mutex
	in          inward // kept, as deliver is, so that Deliver allocates nothing
	deliver     []byte
	clock       interface{ Jump(time.Time) time.Duration } // a wallclock.Watch
	gate        gate
	iterations  atomic.Uint64    // of Run
	fatal       func(why string) // ends the process
	standsStill time.Duration    // see there

	counts *counter.Set
}

var started atomic.Bool

// New returns a Node that holds the port of Smudge. Nothing runs before Start, and no
// peer may be added before it returns; Close frees the port.
func New(cfg Config) (*Node, error) {
	n := &Node{
		cfg:         cfg,
		counts:      counters.NewSet(),
		family:      datagram.FamilyOf(cfg.Local.Addr()),
		byReal:      make(map[netip.AddrPort]*peer),
		byVirtual:   make(map[netip.AddrPort]*peer),
		deliver:     make([]byte, 0, datagram.MaxSize),
		clock:       wallclock.New(time.Now()),
		fatal:       func(why string) { panic(why) },
		standsStill: standsStill,
	}
	n.in.n, n.out.n = n, n
	// Smudge would listen at this port on all interfaces. It ignores the error when the
	// port is taken, and this is what is wanted here.
	var err error
	if n.sockets, err = newSockets(n.forward); err != nil {
		return nil, err
	}
	n.virtual = n.sockets.self()
	n.listener = newListener(n.virtual, n.counts)
	return n, nil
}

// Start starts Smudge for a handler, and returns when it is ready or ctx is done. Only
// the first Start of a process succeeds.
func (n *Node) Start(ctx context.Context, handler Handler) error {
	if !started.CompareAndSwap(false, true) {
		return errors.New("smudge runs already: it is one node a process")
	}
	n.handler = handler
	configure(n.virtual, n.cfg, n.listener)

	// Begin never returns and nothing ends it; the goroutine is abandoned on
	// purpose. Close silences it.
	go smudge.Begin()

	select {
	case <-n.listener.begun:
		n.SetMinPing(n.cfg.MinPing)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("start smudge: %w", context.Cause(ctx))
	}
}

// Add adds a peer to Smudge, as alive. It changes nothing for a peer that Smudge has.
func (n *Node) Add(real netip.AddrPort) error {
	n.delivering.Lock()
	defer n.delivering.Unlock()
	n.mu.Lock()
	_, ok := n.byReal[real]
	ok = ok || n.closed
	n.mu.Unlock()
	if ok {
		return nil
	}
	virtual, err := n.sockets.open()
	if err != nil {
		return fmt.Errorf("open a virtual address for %s: %w", real, err)
	}
	addr := net.UDPAddrFromAddrPort(virtual)
	// CreateNodeByIP never fails. Smudge keeps the slice.
	node, err := smudge.CreateNodeByIP(virtual.Addr().AsSlice(), virtual.Port())
	if err != nil {
		n.sockets.close(virtual)
		return fmt.Errorf("add %s: %w", real, err)
	}
	p := &peer{real: real, virtual: virtual, addr: addr, node: node, guard: newGuard()}
	n.mu.Lock()
	n.byReal[real], n.byVirtual[virtual] = p, p
	n.mu.Unlock()
	// Without mu: Smudge calls the listener. AddNode never fails.
	_, _ = smudge.AddNode(node)
	return nil
}

// Remove makes Smudge forget a peer. Entries about it that are still in flight are
// dropped. It does nothing if the peer is not known.
func (n *Node) Remove(real netip.AddrPort) {
	n.mu.Lock()
	p := n.byReal[real]
	n.mu.Unlock()
	if p != nil {
		n.remove(p)
	}
}

// remove removes p. It returns false if p has been removed already.
func (n *Node) remove(p *peer) bool {
	n.delivering.Lock()
	defer n.delivering.Unlock()
	n.mu.Lock()
	current := n.byVirtual[p.virtual] == p
	if current {
		delete(n.byReal, p.real)
		delete(n.byVirtual, p.virtual)
	}
	n.mu.Unlock()
	if current {
		n.end(p)
	}
	return current
}

// end makes Smudge forget a peer that is no longer in the maps. It frees the address
// last, so that a new peer cannot get it before.
func (n *Node) end(p *peer) {
	_, _ = smudge.RemoveNode(p.node) // always nil
	n.sockets.close(p.virtual)
}

// Close silences Smudge: without peers it sends nothing.
func (n *Node) Close() {
	n.delivering.Lock()
	defer n.delivering.Unlock()
	n.mu.Lock()
	peers := n.byVirtual
	n.byReal, n.byVirtual, n.closed = nil, nil, true
	n.mu.Unlock()
	for _, p := range peers {
		n.end(p)
	}
	n.sockets.shut()
}

// Overflows returns how many datagrams of Smudge's the kernel dropped because the receive buffer
// was full; 0 where it does not say.
func (n *Node) Overflows() uint64 { return n.sockets.overflows() }

// Counters adds the node's counters to m.
func (n *Node) Counters(m map[string]uint64) {
	n.counts.Put(lost, n.Overflows())
	n.counts.Counters(m)
}
