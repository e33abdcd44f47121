// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package smudgenode embeds the Smudge library so that it talks only to this process. No
// other package imports Smudge.
//
// To Smudge, its own address is 127.0.0.1:S and those of its peers are 127.0.0.1:p1,
// 127.0.0.1:p2, …. Each of these virtual addresses is a UDP socket of this package. The
// one at S only holds the port and is never read. A datagram from Smudge to a peer
// arrives on the peer's socket, is rewritten to real addresses and sent on the network. A
// datagram from the network is rewritten to virtual addresses and passed to Smudge by a
// function call. So Smudge cannot be reached from outside, and virtual addresses never
// leave this package.
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
)

// Version is the version of Smudge that this package is written for and tested with.
const Version = "v1.0.1"

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// Config has the settings of the engine. All fields are required.
type Config struct {
	// Local is the real address of this node; its family is the cluster's.
	Local netip.AddrPort
	// Heartbeat is the time between two pings.
	Heartbeat time.Duration
	// MinPing is the shortest time that Smudge waits for the answer to a ping. It waits
	// longer if round trips are longer. See SetMinPing.
	MinPing time.Duration
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
	// OnForgotten gets each peer that Smudge has given up and removed.
	OnForgotten(peer netip.AddrPort)
}

// peer is a peer from Add to Remove.
type peer struct {
	real, virtual netip.AddrPort
	conn          *net.UDPConn
	addr          *net.UDPAddr // virtual, as Smudge wants it
	node          *smudge.Node
	listed        bool // AddNode has returned
}

// Node is the Smudge node of this process.
type Node struct {
	cfg      Config
	handler  Handler // set by Start; nothing runs before
	family   datagram.Family
	hold     *net.UDPConn // occupies the port that Smudge would listen at
	virtual  netip.AddrPort
	listener *listener

	mu        sync.Mutex // guards the two maps and peer.listed
	byReal    map[netip.AddrPort]*peer
	byVirtual map[netip.AddrPort]*peer
	closed    bool

	delivering sync.Mutex // one datagram at a time; taken before mu; guards in and deliver
	in         inward     // kept, as deliver is, so that Deliver allocates nothing
	deliver    []byte
	panics     atomic.Uint64
}

var started atomic.Bool

// New returns a Node that holds the port of Smudge. Nothing runs before Start, and no
// peer may be added before it returns; Close frees the port.
func New(cfg Config) (*Node, error) {
	// Smudge would listen at this port on all interfaces. It ignores the error when the
	// port is taken, and this is what is wanted here.
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
		listener:  newListener(port),
		byReal:    make(map[netip.AddrPort]*peer),
		byVirtual: make(map[netip.AddrPort]*peer),
		deliver:   make([]byte, 0, datagram.MaxSize),
	}
	n.in.n = n
	return n, nil
}

// Start starts Smudge for a handler, and returns when it is ready or ctx is done. Only
// the first Start of a process succeeds.
func (n *Node) Start(ctx context.Context, handler Handler) error {
	if !started.CompareAndSwap(false, true) {
		return errors.New("smudge runs already: it is one node a process")
	}
	n.handler = handler
	configure(n.virtual.Port(), n.cfg, n.listener)

	// Begin never returns and nothing ends it; the goroutine is abandoned on
	// purpose. Close silences it.
	go smudge.Begin()

	select {
	case <-n.listener.begun:
		return n.SetMinPing(n.cfg.MinPing)
	case <-ctx.Done():
		return fmt.Errorf("start smudge: %w", context.Cause(ctx))
	}
}

// Add adds a peer to Smudge, as alive. It changes nothing for a peer that Smudge has.
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
	// Without the lock, since AddNode calls the listener.
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
	// CreateNodeByIP never fails. Smudge keeps the slice.
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

// end makes Smudge forget a peer that is no longer in the maps. It closes the socket
// last, so that a new peer cannot get the port before.
func end(p *peer) {
	_, _ = smudge.RemoveNode(p.node) // always nil
	_ = p.conn.Close()
}

// Close silences Smudge: without peers it sends nothing.
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

// Counters adds the node's counters to m.
func (n *Node) Counters(m map[string]uint64) {
	m["smudge_panics"] = n.panics.Load()
	m["smudge_event_overflows"] = n.listener.overflows.Load()
}
