// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// sim is a network of nodes in virtual time. All chance comes from its seed.
type sim struct {
	t    *testing.T
	r    *rand.Rand
	now  time.Time
	wire packets
	sent uint64 // packets, to keep the order of those of one moment

	loss, duplication float64
	delay, jitter     time.Duration
	cut               func(from, to netip.AddrPort) bool

	keys  []Key                       // of nodes to come
	mode  Encryption                  // of nodes to come that have keys
	nodes map[netip.AddrPort]*simNode // by the address they live at
	tap   func(from, to netip.AddrPort, b []byte)
}

type simNode struct {
	*Core
	sim    *sim
	addr   netip.AddrPort
	events []Event        // without data
	got    map[string]int // datagrams, by content
	next   uint64         // of the datagrams it sends
}

type packet struct {
	at       time.Time
	order    uint64
	from, to netip.AddrPort
	b        []byte
}

type packets []packet

func (p packets) Len() int { return len(p) }
func (p packets) Less(i, j int) bool {
	return p[i].at.Before(p[j].at) || p[i].at.Equal(p[j].at) && p[i].order < p[j].order
}
func (p packets) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *packets) Push(x any)   { *p = append(*p, x.(packet)) }
func (p *packets) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

// simKeys are the keys of the nodes of new networks, simMode is their encryption.
var (
	simKeys []Key
	simMode Encryption
)

func newSim(t *testing.T, seed uint64) *sim {
	return &sim{
		t: t, r: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0),
		delay: 200 * time.Microsecond, keys: simKeys, mode: simMode, nodes: map[netip.AddrPort]*simNode{},
	}
}

// Where things are in a header.
const (
	kindAt       = 3
	sessionAt    = 4
	connectionAt = 12
	counterAt    = 20

	sealed = 0x80 // of the kind
)

// header returns a header made by hand.
func header(k frame.Kind, session, connection, counter uint64, acks ...uint32) []byte {
	return frame.Header{Kind: k, Session: session, Connection: connection, Counter: counter}.Append(nil, acks)
}

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 9999)
}

// The channels of the nodes.
const (
	plain Channel = iota
	lasting
	prompt
	bulk
	nothing // there is none of this number
)

var simChannels = []ChannelInfo{
	plain: {Name: "data"}, lasting: {Name: "last", Last: true}, prompt: {Name: "prompt", AckNow: true}, bulk: {Name: "message", Bulk: true, Refused: refusedMessages},
}

// node starts a node at an address, in the place of one that lived there.
func (s *sim) node(a netip.AddrPort, change ...func(*Info)) *simNode {
	n := &simNode{sim: s, addr: a, got: map[string]int{}}
	info := Info{Addr: a, Cluster: "test", Profile: "n" + a.String()}
	for _, f := range change {
		f(&info)
	}
	n.Core = NewCore(CoreConfig{
		Info: info, Timing: LAN, Channels: simChannels, Keys: s.keys, Encryption: s.mode, Random: s.r.Uint64,
		Output: func(to netip.AddrPort, b []byte) { s.send(a, to, b) },
	}, s.now)
	s.nodes[a] = n
	return n
}

func (s *sim) send(from, to netip.AddrPort, b []byte) {
	if s.tap != nil {
		s.tap(from, to, b)
	}
	if most := frame.MaxSize - frame.SealSize; len(b) > most && b[kindAt]&sealed == 0 || len(b) > frame.MaxSize {
		s.t.Errorf("a frame of %d bytes", len(b))
	}
	copies := 1
	if s.r.Float64() < s.duplication {
		copies = 2
	}
	for range copies {
		if s.r.Float64() < s.loss || s.cut != nil && s.cut(from, to) {
			continue
		}
		d := s.delay
		if s.jitter > 0 {
			d += time.Duration(s.r.Int64N(int64(s.jitter)))
		}
		s.sent++
		heap.Push(&s.wire, packet{s.now.Add(d), s.sent, from, to, b})
	}
}

// run lets time pass.
func (s *sim) run(d time.Duration) {
	end := s.now.Add(d)
	for {
		next := end
		if len(s.wire) > 0 && s.wire[0].at.Before(next) {
			next = s.wire[0].at
		}
		for _, n := range s.nodes {
			if t := n.Next(); !t.IsZero() && t.Before(next) {
				next = t
			}
		}
		if next.After(s.now) {
			s.now = next
		}
		for len(s.wire) > 0 && !s.wire[0].at.After(s.now) {
			p := heap.Pop(&s.wire).(packet)
			if n := s.nodes[p.to]; n != nil {
				n.Receive(s.now, p.from, p.b)
				n.take()
			}
		}
		for _, a := range s.addresses() {
			s.nodes[a].Tick(s.now)
			s.nodes[a].take()
		}
		if !s.now.Before(end) {
			return
		}
	}
}

// addresses are those of the nodes, in an order that does not change.
func (s *sim) addresses() []netip.AddrPort {
	var all []netip.AddrPort
	for a := range s.nodes {
		all = append(all, a)
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return all
}

func (n *simNode) take() {
	for _, e := range n.AppendEvents(nil) {
		if e.Kind == Received && e.Channel == plain {
			n.got[string(e.Data)]++
			if len(e.Data) > 0 && e.Data[0] == '?' { // a question wants an answer
				n.SendWithAck(n.sim.now, e.Addr, plain, append([]byte("!"), e.Data[1:]...))
			}
			e.Data = nil
		}
		e.Data = bytes.Clone(e.Data)
		n.events = append(n.events, e)
	}
}

// say sends a datagram that no other is like, and returns it.
func (n *simNode) say(to netip.AddrPort, question bool) (string, bool) {
	n.next++
	mark := "."
	if question {
		mark = "?"
	}
	d := fmt.Sprintf("%s%d from %s", mark, n.next, n.addr)
	return d, n.Send(n.sim.now, to, plain, []byte(d), 0)
}

// saw returns the events of a kind about an address.
func (n *simNode) saw(k EventKind, a netip.AddrPort) (found []Event) {
	for _, e := range n.events {
		if e.Kind == k && e.Addr == a {
			found = append(found, e)
		}
	}
	return found
}

// on returns what came on a channel from an address.
func (n *simNode) on(ch Channel, a netip.AddrPort) (found []Event) {
	for _, e := range n.saw(Received, a) {
		if e.Channel == ch {
			found = append(found, e)
		}
	}
	return found
}

// pair returns two nodes that have a session.
func (s *sim) pair() (a, b *simNode) {
	s.t.Helper()
	a, b = s.node(at(1)), s.node(at(2))
	a.Greet(s.now, b.addr)
	s.run(time.Second)
	if len(a.saw(Up, b.addr)) != 1 || len(b.saw(Up, a.addr)) != 1 {
		s.t.Fatalf("no session: %v, %v", a.events, b.events)
	}
	return a, b
}

// hold fails when something is left that should not be, once all is quiet.
func (s *sim) hold() {
	s.t.Helper()
	s.loss, s.cut = 0, nil
	s.run(20 * time.Second)
	for _, a := range s.addresses() {
		n := s.nodes[a]
		if t := n.Next(); !t.IsZero() {
			s.t.Errorf("%s has a timer at %v", a, t.Sub(s.now))
		}
		if len(n.greetings)+len(n.nonces) > 0 {
			s.t.Errorf("%s waits for %d greetings", a, len(n.greetings))
		}
		for _, p := range n.peers {
			if !p.link.Idle() || !p.up {
				s.t.Errorf("%s holds %d frames in flight for %s, or acknowledgements", a, p.link.InFlight(), p.addr)
			}
		}
		if n := n.shared.InFlight(); n != 0 {
			s.t.Errorf("%s counts %d frames in flight", a, n)
		}
		if len(n.sessions) != len(n.peers) {
			s.t.Errorf("%s: %d sessions, %d peers", a, len(n.sessions), len(n.peers))
		}
	}
}

// mesh makes all greet all until all have sessions.
func mesh(s *sim) {
	s.t.Helper()
	for range 100 {
		open := true
		for _, a := range s.addresses() {
			for _, b := range s.addresses() {
				if n := s.nodes[a]; a != b && (!n.Has(b) || n.sessions[s.nodes[b].session] == nil) {
					n.Greet(s.now, b)
					open = false
				}
			}
		}
		if open {
			return
		}
		s.run(100 * time.Millisecond)
	}
	s.t.Fatalf("loss %.1f: no sessions after 10 s", s.loss)
}

func cutAll(_, _ netip.AddrPort) bool { return true }

// between is a cut of both directions between two nodes.
func between(a, b netip.AddrPort) func(from, to netip.AddrPort) bool {
	return func(from, to netip.AddrPort) bool { return from == a && to == b || from == b && to == a }
}

// counted returns the counters of a core, by name.
func counted(c interface{ Counters(map[string]uint64) }) map[string]uint64 {
	m := map[string]uint64{}
	c.Counters(m)
	return m
}

var refusedMessages = CountRefused("messages_refused")
