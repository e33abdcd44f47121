// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package node is the shell of this node's membership. It brings events of the wire, the
// engine and the users, and the time, to membership.Core, and carries out the core's outputs.
// It knows who waits for what: a join, a ping, a leave.
//
//	wire ──── Handle ───────────────▶┐                       ┌▶ wire, engine, table
//	engine ── Send, OnStatus, … ────▶├▶ mu: core ─▶ outputs ─┼▶ broadcasts, questions
//	users ─── Join, Ping, Leave, … ─▶┤                       └▶ those who wait
//	Run ───── the time ─────────────▶┘
//
// There is one mutex and one goroutine, Run. Outputs are carried out without the mutex,
// in order, by one goroutine at a time: the one that found none at it.
package node

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/smudgenode"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/operator"
)

// Engine judges who is alive; *smudgenode.Node is one. It is never called with Node.mu
// held, since it calls Outgoing with a lock of its own held.
type Engine interface {
	Add(netip.AddrPort) error
	Remove(netip.AddrPort)
	Ping(netip.AddrPort)
	Deliver(from netip.AddrPort, d datagram.Datagram, filter datagram.Mapper) bool
	States() map[netip.AddrPort]smudgenode.State
	SetMinPing(time.Duration)
	Drain()
}

// Wire carries channels of bytes between nodes; *wire.Endpoint is one. None of its
// calls blocks.
type Wire interface {
	Send(to netip.AddrPort, ch wire.Channel, b []byte, token uint64) bool
	SendWithAck(to netip.AddrPort, ch wire.Channel, b []byte) bool
	SendAll(ch wire.Channel, b []byte)
	SendBare(to netip.AddrPort, packet []byte)
	Greet(netip.AddrPort)
	GreetBy(a, via netip.AddrPort)
	Route(a, via netip.AddrPort)
	Probe(netip.AddrPort) (nonce uint64)
	SetProfile(profile string)
	SetAllow(netaddr.Networks)
	Abandon(netip.AddrPort)
	CloseSession(netip.AddrPort)
	Renew() (session uint64)
	Encryption() wire.Encryption
	SetSlow(times int)
	Shut()
	RoundTrip(netip.AddrPort) time.Duration
	Loss(netip.AddrPort) (share float64, frames uint64, known bool)
	Network() (loss float64, known bool, roundTrip time.Duration)
}

// Config says what a node is made of. All fields are required but Plain, Allow, Known, Overflows, ProbeSelf
// and those that say so.
type Config struct {
	Self      member.Identity // this node, as others know it
	Operators operator.Keys   // see membership.Config
	Plain     bool            // likewise
	Allow     netaddr.Networks
	Known     []netip.AddrPort
	Heartbeat time.Duration
	MinPing   time.Duration // see smudgenode.Config
	// ReconnectTimeout is for how long a member that has ended is kept, and, if it is
	// dead, greeted from time to time.
	ReconnectTimeout time.Duration
	Engine           Engine
	Wire             Wire
	Table            *member.Table
	// OnBroadcast gets each broadcast that a member sends or passes on. The
	// payload is only valid during the call.
	OnBroadcast func(from netip.AddrPort, b datagram.Broadcast)
	// OnMessage gets what a live member sends on the channel of broadcasts, and OnAcked
	// the acknowledgements of such messages. The bytes are only valid during the call.
	OnMessage func(from netip.AddrPort, b []byte)
	OnAcked   func(a netip.AddrPort, session, token uint64)
	// OnQuestion gets the questions of live members, OnAnswer their answers. The bytes
	// are only valid during the call.
	OnQuestion, OnAnswer func(from netip.AddrPort, b []byte)
	// OnRetained gets what a live member sends on the channel of retained topics, likewise.
	OnRetained func(from netip.AddrPort, b []byte)
	// OnUndescribed learns that a member must be asked what another said of itself; Describe
	// takes the answer. May be nil. It must not block.
	OnUndescribed func(membership.AskProfile)
	// OnRemoved learns that this node was removed from the cluster, and OnReadmitted that it
	// may join again. Either may be nil. They must not block or call the node.
	OnRemoved    func(membership.SelfRemoved)
	OnReadmitted func()
	// Overflows is membership.Config.Overflows. It must not block.
	Overflows func() uint64
	// ProbeSelf says that this node advertises another address than it is bound to.
	ProbeSelf bool
	Logger    log.Logger
}

// Node is this node's part in the cluster.
type Node struct {
	cfg        Config
	family     datagram.Family
	wake       chan struct{} // Run must check what is due
	left       chan struct{} // closed when all members know that this node leaves
	gone       chan struct{} // closed when Leave has returned
	iterations atomic.Uint64 // of Run
	spoke      atomic.Bool   // the engine was called, and may have something to send

	mu      sync.Mutex // guards the rest
	core    *membership.Core
	waiting waiting
	queue   []task // to be carried out
	spare   []task // the queue's other half
	busy    bool   // a goroutine carries out what is queued
	outputs []membership.Output
	armed   time.Time // when Run looks next

	handling bool // Handled will be called
}

// New returns a node that is alone. Handle, Outgoing, Send and OnStatus
// may be called from now on, Run once.
func New(cfg Config) *Node {
	return &Node{
		cfg:     cfg,
		family:  datagram.FamilyOf(cfg.Self.Addr.Addr()),
		wake:    make(chan struct{}, 1),
		left:    make(chan struct{}),
		gone:    make(chan struct{}),
		waiting: newWaiting(),
		core: membership.New(membership.Config{
			Self: cfg.Self, Operators: cfg.Operators, Heartbeat: cfg.Heartbeat, MinPing: cfg.MinPing,
			ReconnectTimeout: cfg.ReconnectTimeout, Sealed: cfg.Wire.Encryption() != wire.EncryptOff, ProbeSelf: cfg.ProbeSelf,
			Overflows:  cfg.Overflows,
			TakesClear: func() bool { return cfg.Wire.Encryption().TakesClear() },
			Network:    cfg.Wire.Network,
			Known:      cfg.Known, Plain: cfg.Plain, Allow: cfg.Allow,
			Random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
		}),
	}
}

// Handle takes an event of the wire. It must be called from one goroutine, which calls Handled after
// some events; what is in the event is only read during the call.
func (n *Node) Handle(e wire.Event) {
	n.do(func(now time.Time) {
		n.handling = true
		if n.waiting.pingAnswered(e, now) {
			return
		}
		n.core.Handle(now, e)
	})
}

// Handled does what is due since some events were handled. For Run to do it would take the system longer
// than it takes: many events make something due, as each new member does.
func (n *Node) Handled() {
	n.do(func(now time.Time) {
		n.handling = false
		n.tickIfDue(now)
	})
	if n.spoke.Swap(false) {
		n.cfg.Engine.Drain()
	}
}

// Send sends a datagram of the engine's, which is only read during the call.
func (n *Node) Send(to netip.AddrPort, d datagram.Datagram) {
	n.do(func(now time.Time) { n.core.Send(now, to, d) })
}

// Late takes how late a loop of this node was.
func (n *Node) Late(loop lateness.Loop, by time.Duration) {
	n.do(func(now time.Time) { n.core.Late(now, loop, by) })
}

// Outgoing reports whether the engine's word of a member is passed on to a node. The
// engine may hold a lock meanwhile: nothing is carried out.
func (n *Node) Outgoing(to netip.AddrPort, e datagram.Entry) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	ok := n.core.Outgoing(time.Now(), to, e)
	n.armLocked()
	return ok
}

// OnStatus takes a judgement of the engine, and its reporter.
func (n *Node) OnStatus(a netip.AddrPort, s datagram.Status, by netip.AddrPort) {
	n.do(func(now time.Time) { n.core.OnStatus(now, a, s, by) })
}

// Consider makes an address that was heard of a candidate. Nothing happens when it
// is a live member, was removed, or a bound is reached.
func (n *Node) Consider(a netip.AddrPort) {
	n.do(func(now time.Time) { n.core.Consider(now, a) })
}

// Heartbeat returns the time between two pings.
func (n *Node) Heartbeat() time.Duration { return read(n, (*membership.Core).Heartbeat) }

// SetHeartbeat changes the time between two pings. Fails with ErrHeartbeat.
func (n *Node) SetHeartbeat(d time.Duration) (err error) {
	n.do(func(now time.Time) { err = n.core.SetHeartbeat(now, d) })
	if err != nil {
		return fmt.Errorf("%w %v: from %v to %v", err, d, membership.MinHeartbeat, membership.MaxHeartbeat)
	}
	return nil
}

// SetAllow changes the networks in which the addresses of members are. Fails if this node's own
// is in none of them.
func (n *Node) SetAllow(networks netaddr.Networks) error {
	if !networks.Allow(n.cfg.Self.Addr.Addr()) {
		return fmt.Errorf("%s does not contain %s, the address of this node", networks, n.cfg.Self.Addr)
	}
	n.cfg.Wire.SetAllow(networks)
	n.do(func(time.Time) { n.core.SetAllow(networks) })
	return nil
}

// DetectionTime is how soon a member that ends without a leave is found dead by all
// others when nothing is lost, at the worst.
func (n *Node) DetectionTime() time.Duration { return read(n, (*membership.Core).DetectionTime) }

// Members returns the addresses of the live members but this node, in order.
func (n *Node) Members() []netip.AddrPort { return read(n, (*membership.Core).Live) }

// Unreached returns the addresses that members report as live and that this node reaches in no
// way, in order.
func (n *Node) Unreached() []netip.AddrPort {
	return read(n, func(c *membership.Core) []netip.AddrPort { return c.Unreached(time.Now()) })
}

// Strangers returns the machines that sent packets which cannot be decrypted, or, if
// this node has no keys, are encrypted, and when the last came.
func (n *Node) Strangers() map[netip.Addr]time.Time { return read(n, (*membership.Core).Strangers) }

// RefusedPlain returns the machines that sent plain Smudge datagrams, which a node without
// Config.Plain drops, and when the last came.
func (n *Node) RefusedPlain() map[netip.Addr]time.Time {
	return read(n, (*membership.Core).RefusedPlain)
}

// Keeps reports whether the address of a member is worth keeping for a restart.
func (n *Node) Keeps(a netip.AddrPort) bool {
	return read(n, func(c *membership.Core) bool { return c.Keeps(a) })
}

// Conflicts returns the addresses that two nodes advertise, as far as this node has seen it
// within the last minutes.
func (n *Node) Conflicts() []admission.Conflict {
	return read(n, func(c *membership.Core) []admission.Conflict { return c.Conflicts(time.Now()) })
}

// Describe takes what a member says that a session of another node, which is dead, said of itself.
func (n *Node) Describe(of netip.AddrPort, info member.Info, by netip.AddrPort) {
	n.do(func(time.Time) { n.core.Describe(of, info, by) })
}

// Counters adds what the node counted to m.
func (n *Node) Counters(m map[string]uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.core.Counters(m)
}

// read returns what the core answers.
func read[T any](n *Node, question func(*membership.Core) T) T {
	n.mu.Lock()
	defer n.mu.Unlock()
	return question(n.core)
}
