// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package smudgenode embeds the Smudge library so that it only ever talks to us.
// It is the only importer of Smudge.
//
// Smudge believes that it lives at 127.0.0.1:S and its peers at 127.0.0.1:p1,
// 127.0.0.1:p2, …. Each of those virtual addresses is a UDP socket of ours, and
// nobody listens at S but a socket of ours that is never read. What Smudge sends
// a peer arrives on the peer's socket, is rewritten to real addresses and handed
// to the network; what the network brings is rewritten to virtual addresses and
// given to Smudge by a function call. So Smudge cannot be reached from outside,
// and virtual addresses never leave this package.
//
// Each life of a peer has a virtual address of its own: a peer that is removed
// and added again is a new node to Smudge, to which none of the old state sticks.
//
// Smudge is global: there is one Node a process, and it cannot be ended, only
// silenced.
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
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// Version of Smudge that the package was written against and tested with.
const Version = "v1.0.1"

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// Config says how the node meets the world. All fields are required.
type Config struct {
	// Local is the real address of this node; its family is the cluster's.
	Local netip.AddrPort
	// Heartbeat is the time between two pings.
	Heartbeat time.Duration
	// MinPing is how long Smudge waits for the answer to a ping at the least; longer
	// when round trips are longer. See SetMinPing.
	MinPing time.Duration
	// Send sends a datagram to a real address. It must not block.
	Send func(to netip.AddrPort, d datagram.Datagram)
	// Outgoing tells whether an entry of Smudge's is to go to a node. Where there is
	// nothing new, Smudge fills its datagrams up with members taken at random.
	Outgoing func(to netip.AddrPort, e datagram.Entry) bool
	// OnStatus is told each change of a peer's status, in order, from one
	// goroutine, and who found out: a peer, or Local. by is invalid when that is
	// not known.
	OnStatus func(peer netip.AddrPort, s datagram.Status, by netip.AddrPort)
	// OnForgotten is told of a peer that Smudge has given up and removed.
	OnForgotten func(peer netip.AddrPort)
	// Logf gets Smudge's own log lines, as far as SetChatter lets them.
	Logf func(level string, message string)
}

// peer is one life of a peer.
type peer struct {
	real, virtual netip.AddrPort
	conn          *net.UDPConn
	addr          *net.UDPAddr // virtual, as Smudge wants it
	node          *smudge.Node
	listed        bool // AddNode has returned
}

// Node is the Smudge node of this process.
type Node struct {
	cfg     Config
	family  datagram.Family
	hold    *net.UDPConn // occupies the port that Smudge would listen at
	virtual netip.AddrPort
	events  *events

	mu        sync.Mutex // guards the two maps and peer.listed
	byReal    map[netip.AddrPort]*peer
	byVirtual map[netip.AddrPort]*peer
	closed    bool

	setting sync.Mutex    // one SetMinPing at a time; guards minPing
	minPing time.Duration // 0 before the first

	delivering sync.Mutex // one datagram at a time; taken before mu. Guards the two:
	in         inward     // so that Deliver allocates nothing
	deliver    []byte
	counts     *counter.Set
}

var started atomic.Bool

// Start starts Smudge and returns when it is ready. It can be called once in a
// process.
func Start(ctx context.Context, cfg Config) (*Node, error) {
	if !started.CompareAndSwap(false, true) {
		return nil, errors.New("smudge runs already: it is one node a process")
	}
	// Smudge would listen at this port on all interfaces, and says nothing
	// when it cannot: for once that is what we want.
	hold, err := net.ListenUDP("udp", &net.UDPAddr{})
	if err != nil {
		return nil, fmt.Errorf("hold smudge's port: %w", err)
	}
	port := uint16(hold.LocalAddr().(*net.UDPAddr).Port)
	n := &Node{
		cfg:       cfg,
		family:    datagram.FamilyOf(cfg.Local.Addr()),
		hold:      hold,
		virtual:   netip.AddrPortFrom(loopback, port),
		counts:    counters.NewSet(),
		byReal:    make(map[netip.AddrPort]*peer),
		byVirtual: make(map[netip.AddrPort]*peer),
		deliver:   make([]byte, 0, datagram.MaxSize),
	}
	n.in.n = n
	n.events = newEvents(port, n.counts)
	configure(port, cfg, n.events)

	// Begin never returns and nothing ends it; the goroutine is abandoned on
	// purpose. Close silences it.
	go smudge.Begin()

	select {
	case <-n.events.begun:
		return n, n.SetMinPing(cfg.MinPing)
	case <-ctx.Done():
		_ = hold.Close()
		return nil, fmt.Errorf("start smudge: %w", context.Cause(ctx))
	}
}

// Add makes Smudge know a peer, as alive. A peer that it knows stays as it is.
func (n *Node) Add(real netip.AddrPort) error {
	n.mu.Lock()
	if _, ok := n.byReal[real]; ok || n.closed {
		n.mu.Unlock()
		return nil
	}
	p, err := newPeer(real)
	if err != nil {
		n.mu.Unlock()
		return fmt.Errorf("open a virtual address for %s: %w", real, err)
	}
	n.byReal[real] = p
	n.byVirtual[p.virtual] = p
	n.mu.Unlock()

	go n.forward(p)
	// Not under the lock: AddNode calls our listener.
	if _, err := smudge.AddNode(p.node); err != nil {
		return fmt.Errorf("add %s: %w", real, err)
	}
	n.mu.Lock()
	p.listed = true
	n.mu.Unlock()
	return nil
}

func newPeer(real netip.AddrPort) (*peer, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		return nil, err
	}
	addr := conn.LocalAddr().(*net.UDPAddr)
	port := uint16(addr.Port)
	// CreateNodeByIP never fails. The slice is Smudge's to keep.
	node, err := smudge.CreateNodeByIP(loopback.AsSlice(), port)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &peer{
		real: real, virtual: netip.AddrPortFrom(loopback, port),
		conn: conn, node: node,
		addr: &net.UDPAddr{IP: loopback.AsSlice(), Port: int(port)},
	}, nil
}

// Remove ends this life of a peer: Smudge forgets it, and what is still said of
// it goes nowhere. A peer that is not known is not an error.
func (n *Node) Remove(real netip.AddrPort) {
	n.mu.Lock()
	p := n.byReal[real]
	n.mu.Unlock()
	if p != nil {
		n.remove(p)
	}
}

// remove ends one life of a peer. It returns false when it has ended already.
func (n *Node) remove(p *peer) bool {
	n.mu.Lock()
	current := n.byVirtual[p.virtual] == p
	if current {
		delete(n.byReal, p.real)
		delete(n.byVirtual, p.virtual)
	}
	n.mu.Unlock()
	if current {
		end(p)
	}
	return current
}

// end makes Smudge forget a peer that is in no map any more. The socket is
// closed last, so that its port cannot be a new peer's before that.
func end(p *peer) {
	_, _ = smudge.RemoveNode(p.node) // always nil
	_ = p.conn.Close()
}

// Ping makes Smudge ping a peer out of turn. A peer that is not known is not an
// error.
func (n *Node) Ping(real netip.AddrPort) {
	n.mu.Lock()
	p, ok := n.byReal[real]
	n.mu.Unlock()
	if ok {
		_ = smudge.PingNode(p.node) // fails where the loopback interface does
	}
}

// Close silences Smudge: it knows no peer, so it sends nothing.
func (n *Node) Close() {
	n.mu.Lock()
	peers := n.byVirtual
	n.byReal, n.byVirtual, n.closed = nil, nil, true
	n.mu.Unlock()
	for _, p := range peers {
		end(p)
	}
	_ = n.hold.Close()
}

// SetHeartbeat changes the time between two pings.
func (n *Node) SetHeartbeat(d time.Duration) {
	smudge.SetHeartbeatMillis(int(d.Milliseconds()))
}

// Counters adds what the node counted to m.
func (n *Node) Counters(m map[string]uint64) {
	n.counts.Counters(m)
}

// counters are what this package counts.
var counters counter.Table

var (
	panics    = counters.New("smudge_panics", "Panics of Smudge that were recovered from.")
	overflows = counters.New("smudge_event_overflows", "Events of Smudge that were dropped since too many waited.")
)
