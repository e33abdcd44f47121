// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
)

// id names a message.
type id struct {
	Stream
	sequence uint64
}

// sim is a cluster in virtual time, on a network that does what the transport does:
// what is sent is tried again until it is acknowledged or out of date. All chance
// comes from its seed.
type sim struct {
	t     *testing.T
	r     *rand.Rand
	now   time.Time
	wire  events
	order uint64
	loss  float64
	delay time.Duration
	cut   func(a, b netip.AddrPort) bool
	nodes map[netip.AddrPort]*simNode
	list  []*simNode // in the order they started, for chance to be the seed's
	bytes int        // that left any node, tries again counted
}

type simNode struct {
	*Core
	sim  *sim
	addr netip.AddrPort
	dead bool
	next time.Time // when it is due, unless touched
	// touched: it has received something since next was computed.
	touched bool
	got     map[Stream][]uint64 // what its readers got, in their order
	gaps    []Gap
	tags    string
	earlier bool // it is of a version that knows nothing of recipients
	when    map[id]time.Time
	sent    int
}

type event struct {
	at    time.Time
	order uint64
	do    func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at.Before(e[j].at) || e[i].at.Equal(e[j].at) && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newSim(t *testing.T, seed uint64) *sim {
	return &sim{
		t: t, r: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(1e9, 0), delay: 500 * time.Microsecond,
		nodes: map[netip.AddrPort]*simNode{},
	}
}

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(2 + i>>8), byte(i)}), 9999)
}

func (s *sim) after(d time.Duration, do func()) {
	s.order++
	heap.Push(&s.wire, event{s.now.Add(d), s.order, do})
}

// start starts a node, in the place of one that lived at the address, which all that
// live come to know, and it them.
func (s *sim) start(a netip.AddrPort) *simNode {
	if old := s.nodes[a]; old != nil {
		s.kill(old)
	}
	known := slices.Clone(s.list)
	n := s.lone(a)
	for _, m := range known {
		if !m.dead {
			n.Up(s.now, m.addr, m.cfg.Local.Session, !m.earlier)
			m.Up(s.now, a, n.cfg.Local.Session, !n.earlier)
		}
	}
	return n
}

// lone starts a node that knows nobody.
func (s *sim) lone(a netip.AddrPort) *simNode {
	n := &simNode{sim: s, addr: a, got: map[Stream][]uint64{}, when: map[id]time.Time{}}
	n.Core = NewCore(CoreConfig{
		Local: Stream{a, s.r.Uint64() | 1}, Keep: 4096, KeepBytes: 4 << 20,
		Send:    func(to netip.AddrPort, b []byte, token uint64, _ bool) bool { return s.send(n, to, b, token) },
		Deliver: n.deliver, Random: s.r.IntN, Includes: n.includes,
	})
	s.nodes[a] = n
	s.list = append(s.list, n)
	return n
}

func (n *simNode) includes(to string) (included, report bool) {
	return recipients.Include(to, n.addr, n.tags)
}

func (n *simNode) deliver(d Delivery) {
	if d.Gap.To != 0 {
		n.gaps = append(n.gaps, d.Gap)
		return
	}
	m := d.Message
	n.got[m.Stream] = append(n.got[m.Stream], m.Sequence)
	n.when[id{m.Stream, m.Sequence}] = n.sim.now
}

// kill ends a node, which the others notice after a while.
func (s *sim) kill(n *simNode) {
	n.dead = true
	s.after(2*time.Second, func() {
		for _, m := range s.list {
			if !m.dead && s.nodes[n.addr] == n {
				m.Gone(n.addr)
			}
		}
	})
}

const (
	tryEvery = 40 * time.Millisecond
	tryFor   = 3 * time.Second
)

func (s *sim) send(from *simNode, to netip.AddrPort, b []byte, token uint64) bool {
	b = slices.Clone(b)
	target, first, arrived, acked := s.nodes[to], s.now, false, false
	if target == nil {
		return false
	}
	session := target.cfg.Local.Session
	var try func()
	wait := tryEvery
	tries := 0
	try = func() {
		if acked || from.dead || s.now.Sub(first) > tryFor {
			return
		}
		s.bytes += len(b)
		from.sent += len(b)
		if tries++; tries > 10 {
			wait = min(2*wait, 400*time.Millisecond)
		}
		down := s.cut != nil && s.cut(from.addr, to)
		if lost := s.r.Float64() < s.loss || down; !lost {
			s.after(s.delay+time.Duration(s.r.Int64N(int64(s.delay))), func() {
				if target.dead {
					return
				}
				if !arrived {
					arrived, target.touched = true, true
					if !target.earlier || b[0] < kindAddressed { // an earlier version drops it
						target.Receive(s.now, from.addr, b)
					}
				}
				if s.r.Float64() < s.loss || s.cut != nil && s.cut(to, from.addr) || from.dead || acked {
					return
				}
				acked, from.touched = true, true // which ends the tries
				if token != 0 {
					from.Acked(s.now, to, session, token)
				}
			})
		}
		s.after(wait, try)
	}
	try()
	return true
}

// run lets time pass.
func (s *sim) run(d time.Duration) {
	for _, n := range s.list {
		n.touched = true // the test may have called it
	}
	for end := s.now.Add(d); ; {
		next := end
		if len(s.wire) > 0 && s.wire[0].at.Before(next) {
			next = s.wire[0].at
		}
		for _, n := range s.list {
			if n.dead {
				continue
			}
			if n.touched {
				n.next, n.touched = n.Next(s.now), false
			}
			if !n.next.IsZero() && n.next.Before(next) {
				next = n.next
			}
		}
		if next.After(s.now) {
			s.now = next
		}
		for len(s.wire) > 0 && !s.wire[0].at.After(s.now) {
			heap.Pop(&s.wire).(event).do()
		}
		for _, n := range s.list {
			if !n.dead && (n.touched || !n.next.IsZero() && !n.next.After(s.now)) {
				n.Tick(s.now)
				n.touched = true
			}
		}
		if !s.now.Before(end) {
			return
		}
	}
}

func (s *sim) cluster(n int) []*simNode {
	for i := range n {
		s.start(at(i))
	}
	s.run(100 * time.Millisecond)
	return s.list
}

// say broadcasts a text, and tell bytes, if there is room.
func (n *simNode) say() Message {
	return n.tell(fmt.Appendf(nil, "%s %d", n.addr, n.own.last+1))
}

func (n *simNode) tell(payload []byte) Message {
	m := n.Broadcast(n.sim.now, "", payload)
	n.push(n.sim.now)
	n.touched = true
	return m
}

// whole fails unless a node's readers got a stream from one number to another, each
// once and in order.
func (n *simNode) whole(t *testing.T, s Stream, from, to uint64) {
	t.Helper()
	got := n.got[s]
	for i, seq := range got {
		if seq != from+uint64(i) {
			t.Fatalf("%s got %d at place %d of %s, which begins with %d", n.addr, seq, i, s.Origin, from)
		}
	}
	if want := int(to + 1 - from); len(got) != want {
		t.Fatalf("%s got %d of %d of %s (gaps %v)", n.addr, len(got), want, s.Origin, n.gaps)
	}
}

// accounted fails unless each message of a stream up to one was told once, in order:
// itself, or in a gap.
func (n *simNode) accounted(t *testing.T, s Stream, to uint64) {
	t.Helper()
	next, gaps := uint64(1), slices.DeleteFunc(slices.Clone(n.gaps), func(g Gap) bool { return g.Stream != s })
	for _, seq := range append(slices.Clone(n.got[s]), to+1) {
		for len(gaps) > 0 && gaps[0].From == next && gaps[0].To >= next {
			next, gaps = gaps[0].To+1, gaps[1:]
		}
		if seq != next {
			t.Fatalf("%s was given %d of %s, want %d (got %v, gaps %v)", n.addr, seq, s.Origin, next, n.got[s], n.gaps)
		}
		next++
	}
	if len(gaps) > 0 {
		t.Fatalf("%s: gaps %v are left", n.addr, gaps)
	}
}
