// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package gossip is this node's part in the cluster. It decides what of the
// network's datagrams Smudge gets to hear, who is a member, and keeps the member
// table as Smudge judges it. Smudge itself, behind Engine, decides who is alive.
//
// A datagram's way in:
//
//	socket ─▶ Receive ─▶ datagram.Parse: may it be let in at all?
//	                  ├▶ answers to our greetings and pings
//	                  ├▶ a stranger: answered, greeted, not heard
//	                  └▶ a member: clock checked, broadcast taken off,
//	                     entries filtered ─▶ Engine.Deliver ─▶ Smudge
package gossip

import (
	"net/netip"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/smudgenode"
)

// MaxMembers bounds the members of a node, itself not counted. Each takes a
// socket and a goroutine.
const MaxMembers = 4096

// maxRemoved bounds the addresses that Leave has shut out; past it the oldest
// decision is forgotten.
const maxRemoved = 4096

// answersPerSecond bounds the pings of strangers that are answered: 11 bytes
// each, as many as they sent.
const answersPerSecond = 1000

// Engine judges who is alive; *smudgenode.Node is one. Its calls must not be made
// with Node.mu held.
type Engine interface {
	Add(netip.AddrPort) error
	Remove(netip.AddrPort)
	Deliver(from netip.AddrPort, d datagram.Datagram, filter datagram.Mapper) bool
	States() map[netip.AddrPort]smudgenode.State
	SetHeartbeat(time.Duration)
}

// Config says what a node is made of. All fields are required.
type Config struct {
	Local     netip.AddrPort // the address others know this node by
	Heartbeat time.Duration
	Engine    Engine
	Table     *member.Table
	// Send sends a datagram. It must not block.
	Send func(to netip.AddrPort, b []byte)
	// OnBroadcast gets each broadcast that a member sends or passes on. The
	// payload is only valid during the call.
	OnBroadcast func(from netip.AddrPort, b datagram.Broadcast)
	// MaxPayload is the largest broadcast in bytes that is taken.
	MaxPayload int
	Logger     log.Logger
}

// peer is what the node keeps of a member beside the table.
type peer struct {
	heard  time.Time // when a datagram of it last came in
	proven bool      // has just answered: its clock may be far ahead
}

// Node is this node's part in the cluster.
type Node struct {
	cfg    Config
	family datagram.Family
	wake   chan struct{} // Run is to look at the candidates now

	// changes is held while a member is made or unmade, so that the peers,
	// the engine and the table agree. It is taken before mu.
	changes sync.Mutex

	mu        sync.Mutex // guards the rest
	heartbeat time.Duration
	peers     map[netip.AddrPort]*peer
	candidate *admission.Candidates
	clock     *admission.Clock
	removed   map[netip.AddrPort]time.Time
	waiters   map[netip.AddrPort][]chan<- error
	pings     map[ping]chan<- time.Time
	answers   *rate.Limiter
	counts    map[string]uint64
}

// New returns a node that is alone. Receive, OnStatus and OnForgotten are to be
// called from now on, Run once.
func New(cfg Config) *Node {
	n := &Node{
		cfg:       cfg,
		family:    datagram.FamilyOf(cfg.Local.Addr()),
		wake:      make(chan struct{}, 1),
		heartbeat: cfg.Heartbeat,
		peers:     make(map[netip.AddrPort]*peer),
		candidate: admission.NewCandidates(),
		clock:     admission.NewClock(),
		removed:   make(map[netip.AddrPort]time.Time),
		waiters:   make(map[netip.AddrPort][]chan<- error),
		pings:     make(map[ping]chan<- time.Time),
		answers:   rate.NewLimiter(answersPerSecond, answersPerSecond),
		counts:    make(map[string]uint64),
	}
	n.candidate.Expiry = func(a netip.AddrPort) { n.answer(a, ErrNoAnswer) }
	return n
}

// OnStatus takes a judgement of the engine.
func (n *Node) OnStatus(a netip.AddrPort, s datagram.Status) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.peers[a] != nil { // else it was removed while the judgement was on its way
		n.set(a, memberStatus(s))
	}
}

func memberStatus(s datagram.Status) member.Status {
	switch s {
	case datagram.Suspected:
		return member.Suspected
	case datagram.Dead:
		return member.Dead
	default:
		return member.Alive
	}
}

// set changes a status in the table and logs it.
func (n *Node) set(a netip.AddrPort, s member.Status) {
	if c, changed := n.cfg.Table.Set(a, s); changed {
		_ = level.Info(n.cfg.Logger).Log("msg", "member", "address", a, "status", s, "previous", c.Previous)
	}
}

// OnForgotten takes the engine's word that it has given up a dead member.
func (n *Node) OnForgotten(a netip.AddrPort) {
	n.changes.Lock()
	defer n.changes.Unlock()
	if m, ok := n.unlist(a); ok {
		_ = level.Info(n.cfg.Logger).Log("msg", "member given up", "address", a, "status", m.Status)
	}
}

// unlist removes a member from the peers and the table. changes is held.
func (n *Node) unlist(a netip.AddrPort) (member.Member, bool) {
	n.mu.Lock()
	delete(n.peers, a)
	n.mu.Unlock()
	return n.cfg.Table.Remove(a)
}

// Heartbeat range that SetHeartbeat takes.
const (
	MinHeartbeat = 20 * time.Millisecond
	MaxHeartbeat = time.Minute
)

// Heartbeat returns the time between two pings.
func (n *Node) Heartbeat() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.heartbeat
}

// count counts something that happened. mu is held.
func (n *Node) count(what string) { n.counts[what]++ }

// drop counts a datagram that was not let in. mu is held.
func (n *Node) drop(why string) { n.counts["dropped_"+why]++ }

// Counters adds what the node counted to m.
func (n *Node) Counters(m map[string]uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for k, v := range n.counts {
		m[k] = v
	}
	m["candidates"] = uint64(n.candidate.Len())
	m["members"] = uint64(len(n.peers) + 1)
}
