// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net/netip"
	"reflect"
	"slices"
	"strconv"

	"github.com/clockworksoul/smudge"
	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// Other users of the machine can send to virtual addresses, and what is forwarded speaks
// for this node. So a datagram is forwarded only if Smudge can have sent it just now. A
// copy of what Smudge sends anyway is the most that a forger gets through.
const (
	// perSecond bounds the datagrams to a peer. Smudge sends it what Ping asks for, and
	// answers to its pings.
	perSecond = 256
	// maxOwed bounds what Smudge is about to send to a peer. It sends it while it gets
	// another datagram.
	maxOwed = 256
	// keptClaims is how many of the last pings to a peer are remembered.
	keptClaims = 32
)

// Pack types of Smudge (membership.go:810).
const (
	packPing    = 0
	packPingReq = 1
)

// claim identifies a datagram of Smudge to a peer.
type claim struct {
	verb      datagram.Verb
	heartbeat uint32
	target    netip.AddrPort // of a PingReq
}

// guard decides which datagrams to one peer are Smudge's. Node.mu guards it.
type guard struct {
	owed   []claim // what Smudge is about to send on another's behalf, oldest first
	claims [keptClaims]claim
	next   int // index in claims
	limit  *rate.Limiter
}

func newGuard() guard { return guard{limit: rate.NewLimiter(perSecond, perSecond)} }

// owe notes that Smudge is about to send an Ack or an NFPing.
func (g *guard) owe(v datagram.Verb, heartbeat uint32) {
	if len(g.owed) == maxOwed {
		g.owed = slices.Delete(g.owed, 0, 1)
	}
	g.owed = append(g.owed, claim{verb: v, heartbeat: heartbeat})
}

// verdict is what a guard finds.
type verdict int

const (
	smudges verdict = iota // Smudge has sent it
	// superseded: Smudge may have sent it, but has the same on its way already, or has put
	// another question to the peer in its place. It does so when several pings time out
	// at once, or in the heartbeat of a ping.
	superseded
	forged // Smudge has not sent it, or no longer waits for its answer
)

// judge decides whether d is Smudge's. pending is what Smudge waits for from the peer at
// d's heartbeat, nil for nothing: a Ping or PingReq is Smudge's while Smudge waits for
// its answer.
func (g *guard) judge(d datagram.Datagram, pending *pendingAck) verdict {
	c := claim{verb: d.Verb(), heartbeat: d.Heartbeat()}
	switch c.verb {
	case datagram.Ping:
		switch {
		case pending == nil:
			return forged
		case pending.packType != packPing:
			return superseded
		}
	case datagram.PingReq:
		e := d.Entry(0)
		switch {
		case pending == nil || e.Heartbeat != c.heartbeat:
			return forged
		case pending.packType != packPingReq:
			return superseded
		}
		c.target = e.Addr
	default:
		i := slices.Index(g.owed, c)
		if i < 0 {
			return forged
		}
		g.owed = slices.Delete(g.owed, i, i+1)
		return smudges
	}
	if slices.Contains(g.claims[:], c) {
		return superseded
	}
	g.claims[g.next] = c
	g.next = (g.next + 1) % keptClaims
	return smudges
}

// plausible reports whether the parts of a datagram that are the same in all of Smudge's
// are right: the sender's port, and no broadcast.
func (n *Node) plausible(d datagram.Datagram) bool {
	_, broadcast, fault := d.Broadcast(datagram.MaxSize)
	return d.Port() == n.virtual.Port() && !broadcast && fault == ""
}

// pendingFor returns what Smudge waits for from a node at a heartbeat; nil for nothing.
func (n *Node) pendingFor(virtual netip.AddrPort, heartbeat uint32) *pendingAck {
	return n.gate.pending(pendingKey(virtual, heartbeat))
}

// pendingKey returns the key of pendingAcks.
func pendingKey(virtual netip.AddrPort, heartbeat uint32) string {
	return virtual.String() + ":" + strconv.FormatUint(uint64(heartbeat), 10)
}

// expect notes what Smudge sends because it gets a datagram from p: an Ack to p for its
// ping, an NFPing to the node that p asks about, or the Ack to the node that asked about
// p. d has real addresses.
func (n *Node) expect(p *peer, d datagram.Datagram) {
	to, v, heartbeat := p, datagram.Ack, d.Heartbeat()
	var asked *pendingAck
	if d.Verb() == datagram.Ack {
		if asked = n.pendingFor(p.virtual, heartbeat); asked == nil {
			return
		}
		if n.gate.answered(asked); asked.callback == nil {
			return
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch d.Verb() {
	case datagram.PingReq:
		e := d.Entry(0)
		to, v, heartbeat = n.byReal[e.Addr], datagram.NFPing, e.Heartbeat
	case datagram.Ack:
		to, heartbeat = n.byVirtual[virtualOf(asked.callback)], asked.callbackCode
	}
	if to != nil {
		to.guard.owe(v, heartbeat)
	}
}

// holds reports whether an entry is what Smudge itself holds of the node.
func holds(e datagram.Entry) bool {
	knownNodes.RLock()
	node := knownNodes.nodes[e.Addr.String()]
	knownNodes.RUnlock()
	return node != nil && datagram.Status(node.Status()) == e.Status &&
		heartbeatOf(node) == e.Heartbeat && virtualOf(node.StatusSource()) == e.Source
}

// heartbeatField is a field of smudge.Node that has no getter.
var heartbeatField, _ = reflect.TypeFor[smudge.Node]().FieldByName("heartbeat")

// heartbeatOf returns the clock at which a node took its status.
func heartbeatOf(node *smudge.Node) uint32 {
	return uint32(reflect.ValueOf(node).Elem().FieldByIndex(heartbeatField.Index).Uint())
}
