// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package node is this node's part in the cluster. It decides who is a member and
// what of the network's datagrams Smudge gets to hear, and keeps the member table
// as Smudge judges it. Smudge itself, behind Engine, decides who is alive.
//
// The way in, from the transport behind Wire:
//
//	Handle ┬▶ a session opened, an answer ─▶ admit: a member, or another life of one
//	       ├▶ a goodbye, a removal ─▶ the member is LEFT, or gone
//	       ├▶ addresses of members ─▶ consider: greeted, and no more
//	       ├▶ a member's datagram ─▶ parsed, clock checked, broadcast taken off,
//	       │                         entries filtered ─▶ Engine.Deliver ─▶ Smudge
//	       └▶ a bare datagram: the same for a plain member; a stranger is answered
//
// A plain member is one that speaks bare Smudge.
package node

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/smudgenode"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// MaxMembers bounds the members of a node, itself not counted. Each takes a
// socket and a goroutine.
const MaxMembers = 4096

// answersPerSecond bounds the pings of strangers that are answered: 11 bytes
// each, as many as they sent.
const answersPerSecond = 1000

// Engine judges who is alive; *smudgenode.Node is one. Its calls must not be made
// with Node.mu held.
type Engine interface {
	Add(netip.AddrPort) error
	Remove(netip.AddrPort)
	Ping(netip.AddrPort)
	Deliver(from netip.AddrPort, d datagram.Datagram, filter datagram.Mapper) bool
	States() map[netip.AddrPort]smudgenode.State
	SetHeartbeat(time.Duration)
	SetMinPing(time.Duration) error
}

// Wire carries channels of bytes between nodes; *wire.Endpoint is one. None of its
// calls blocks.
type Wire interface {
	Send(to netip.AddrPort, ch wire.Channel, b []byte, token uint64) bool
	SendWithAck(to netip.AddrPort, ch wire.Channel, b []byte) bool
	SendAll(ch wire.Channel, b []byte)
	SendBare(to netip.AddrPort, packet []byte)
	Greet(netip.AddrPort)
	Probe(netip.AddrPort) (nonce uint64)
	SetProfile(profile string)
	CloseSession(netip.AddrPort)
	Renew() (session uint64)
	Shut()
	RoundTrip(netip.AddrPort) time.Duration
	Loss(netip.AddrPort) (share float64, known bool)
}

// Config says what a node is made of. All fields but Sealed are required.
type Config struct {
	Local     netip.AddrPort // the address others know this node by
	Heartbeat time.Duration
	MinPing   time.Duration // see smudgenode.Config
	// ReconnectTimeout is for how long a member that has ended is kept, and, if it is
	// dead, greeted now and then.
	ReconnectTimeout time.Duration
	Engine           Engine
	Wire             Wire
	Table            *member.Table
	// OnBroadcast gets each broadcast that a member sends or passes on. The
	// payload is only valid during the call.
	OnBroadcast func(from netip.AddrPort, b datagram.Broadcast)
	// MaxPayload is the largest of those, in bytes, that is taken.
	MaxPayload int
	// OnMessage gets what a live member sends by the transport that is no datagram,
	// and OnAcked what the transport tells of such things. The bytes are only valid
	// during the call.
	OnMessage func(from netip.AddrPort, b []byte)
	OnAcked   func(a netip.AddrPort, session, token uint64)
	// OnQuestion gets the questions of live members, OnAnswer their answers. The bytes
	// are only valid during the call.
	OnQuestion, OnAnswer func(from netip.AddrPort, b []byte)
	// Sealed says that the cluster has keys.
	Sealed bool
	Logger log.Logger
}

// peer is what the node keeps of a member beside the table.
type peer struct {
	info    member.Info
	status  member.Status  // as in the table
	by      netip.AddrPort // who said so
	heard   time.Time      // when a datagram of it last came in
	proven  bool           // has just answered: its clock may be far ahead
	listed  bool           // Smudge knows it
	changed time.Time      // when it took its status
	retry   time.Time      // when it is greeted next, if it is dead
	greeted time.Time      // when it was last greeted for speaking up, dead as it was
	upgrade int            // hellos yet to try on it, if it is plain
	// announce: what Smudge says of it next is to be sent to all.
	announce bool
	doubt    *doubt
	silent   time.Time     // when it last failed to answer in a doubt
	answers  *rate.Limiter // of its questions for members; nil before the first
}

// Node is this node's part in the cluster.
type Node struct {
	cfg    Config
	family datagram.Family
	wake   chan struct{} // Run is to look what is due now
	gone   chan struct{} // closed when goodbye was said
	turns  atomic.Uint64 // of Run

	// changes is held while a member is made or unmade, so that the peers,
	// the engine and the table agree. It is taken before mu.
	changes sync.Mutex

	mu        sync.Mutex // guards the rest
	heartbeat time.Duration
	minPing   time.Duration // the engine's; 0 when it could not be set
	impatient bool          // that has been logged
	peers     map[netip.AddrPort]*peer
	candidate *admission.Candidates
	clock     *admission.Clock
	removed   map[netip.AddrPort]removal
	waiters   map[netip.AddrPort][]chan<- joined
	pings     map[ping]chan<- pong
	answers   *rate.Limiter
	asks      *rate.Limiter // of members that came back for all they know
	suspects  *rate.Limiter // greetings of suspected members
	returns   *rate.Limiter // greetings of dead members
	health    health
	foreign   rate.Sometimes           // log lines about foreign clusters
	closed    rate.Sometimes           // log lines about packets that no key opens
	strangers map[netip.Addr]time.Time // where those came from, and when last
	news      []datagram.Entry
	revived   []netip.AddrPort // to be told to all
	inquiries []inquiry
	rounds    rounds
	leaving   bool // says goodbye, or has
	leave     *leave
	exiled    bool // was removed, and has not joined again
	counts    map[string]uint64
}

// New returns a node that is alone. Handle, Outgoing, Send, OnStatus and OnForgotten
// are to be called from now on, Run once.
func New(cfg Config) *Node {
	n := &Node{
		cfg:       cfg,
		family:    datagram.FamilyOf(cfg.Local.Addr()),
		wake:      make(chan struct{}, 1),
		gone:      make(chan struct{}),
		heartbeat: cfg.Heartbeat,
		minPing:   cfg.MinPing,
		peers:     make(map[netip.AddrPort]*peer),
		clock:     admission.NewClock(),
		removed:   make(map[netip.AddrPort]removal),
		waiters:   make(map[netip.AddrPort][]chan<- joined),
		pings:     make(map[ping]chan<- pong),
		answers:   rate.NewLimiter(answersPerSecond, answersPerSecond),
		asks:      rate.NewLimiter(1, 8),
		suspects:  rate.NewLimiter(20, 20),
		returns:   rate.NewLimiter(100, 100),
		foreign:   rate.Sometimes{Interval: time.Minute},
		closed:    rate.Sometimes{First: 3, Interval: 10 * time.Second},
		strangers: make(map[netip.Addr]time.Time),
		counts:    make(map[string]uint64),
	}
	n.candidate = n.newCandidates()
	return n
}

func (n *Node) newCandidates() *admission.Candidates {
	c := admission.NewCandidates()
	c.Expiry = func(a netip.AddrPort) { n.answer(a, joined{err: ErrNoAnswer}) }
	return c
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

// DetectionTime is how soon a member that ends without a goodbye is found dead by
// all others when nothing is lost, at the worst: it is pinged within two
// heartbeats (see rounds); the ping and those of the helpers time out one after
// the other, in a cluster of three after twice the time; Smudge looks every 100 ms
// for time-outs; and the news is doubted for doubtFor.
func (n *Node) DetectionTime() time.Duration {
	return 2*n.Heartbeat() + 3*n.cfg.MinPing + 200*time.Millisecond + doubtFor
}

// live returns the addresses of the live members but this node. mu is held.
func (n *Node) live() []netip.AddrPort {
	all := make([]netip.AddrPort, 0, len(n.peers))
	for a, p := range n.peers {
		if p.status.Live() {
			all = append(all, a)
		}
	}
	return all
}

// Members returns the addresses of the live members but this node, in no order.
func (n *Node) Members() []netip.AddrPort {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.live()
}

// poke makes Run look what is due.
func (n *Node) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
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
