// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"container/heap"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// sim is a cluster in virtual time, on a network that does what the wire does: what is sent is retransmitted
// until it is acknowledged or out of date, and delivered once. All chance comes from its seed.
type sim struct {
	t     *testing.T
	r     *rand.Rand
	now   time.Time
	wire  events
	order int
	loss  float64
	cut   func(a, b netip.AddrPort) bool
	most  int // bytes of a message that the wire takes; 0 for all
	nodes []*simNode
	sent  map[byte]int // messages, by kind
}

type simNode struct {
	*Core
	sim  *sim
	addr netip.AddrPort
	dead bool
	skew time.Duration // of its clock
	got  map[string][]Value
}

type event struct {
	at    time.Time
	order int
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

func newSim(t *testing.T, n int, loss float64, seed uint64) *sim {
	s := &sim{t: t, r: rand.New(rand.NewPCG(seed, 3)), now: time.Unix(1e9, 0), loss: loss, sent: map[byte]int{}}
	for range n {
		s.start()
	}
	s.run(5 * time.Second)
	return s
}

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(2 + i>>8), byte(i)}), 9999)
}

// start starts a node, which all that live come to know, and it them.
func (s *sim) start() *simNode {
	n := &simNode{sim: s, addr: at(len(s.nodes) + 1), got: map[string][]Value{}}
	n.Core = NewCore(CoreConfig{
		Self: n.addr, Random: s.r.IntN,
		Send:    func(to netip.AddrPort, b []byte) bool { return s.send(n, to, b) },
		Deliver: func(v Value) { n.got[v.Topic] = append(n.got[v.Topic], v) },
	})
	for _, m := range s.nodes {
		if !m.dead {
			s.meet(n, m)
		}
	}
	s.nodes = append(s.nodes, n)
	return n
}

func (s *sim) meet(a, b *simNode) {
	a.Up(a.time(), b.addr)
	b.Up(b.time(), a.addr)
}

func (s *sim) part(a, b *simNode) {
	a.Gone(b.addr)
	b.Gone(a.addr)
}

// split has two halves lose each other, and returns what heals that.
func (s *sim) split(in func(i int) bool) (heal func()) {
	half := map[netip.AddrPort]bool{}
	for i, n := range s.nodes {
		half[n.addr] = in(i)
	}
	pairs := func(do func(a, b *simNode)) {
		for i, a := range s.nodes {
			for _, b := range s.nodes[:i] {
				if half[a.addr] != half[b.addr] {
					do(a, b)
				}
			}
		}
	}
	s.cut = func(a, b netip.AddrPort) bool { return half[a] != half[b] }
	pairs(s.part)
	return func() {
		s.cut = nil
		pairs(s.meet)
	}
}

// time is what the clock of a node shows.
func (n *simNode) time() time.Time { return n.sim.now.Add(n.skew) }

func (s *sim) after(d time.Duration, do func()) {
	s.order++
	heap.Push(&s.wire, event{s.now.Add(d), s.order, do})
}

const (
	tryEvery = 40 * time.Millisecond
	tryFor   = 3 * time.Second
)

func (s *sim) send(from *simNode, to netip.AddrPort, b []byte) bool {
	if s.most > 0 && len(b) > s.most {
		return false
	}
	b = slices.Clone(b)
	s.sent[b[0]]++
	first, arrived := s.now, false
	var try func()
	try = func() {
		if arrived || s.now.Sub(first) > tryFor {
			return
		}
		if s.r.Float64() >= s.loss && (s.cut == nil || !s.cut(from.addr, to)) {
			s.after(time.Millisecond, func() {
				for _, n := range s.nodes {
					if n.addr == to && !n.dead && !arrived {
						arrived = true
						n.Receive(n.time(), from.addr, b)
					}
				}
			})
		}
		s.after(tryEvery, try)
	}
	try()
	return true
}

// run lets time pass.
func (s *sim) run(d time.Duration) {
	for end := s.now.Add(d); ; {
		next := end
		if len(s.wire) > 0 && s.wire[0].at.Before(next) {
			next = s.wire[0].at
		}
		for _, n := range s.nodes {
			if due := n.Next(); !n.dead && !due.IsZero() && due.Add(-n.skew).Before(next) {
				next = due.Add(-n.skew)
			}
		}
		if next.After(s.now) {
			s.now = next
		}
		for len(s.wire) > 0 && !s.wire[0].at.After(s.now) {
			heap.Pop(&s.wire).(event).do()
		}
		for _, n := range s.nodes {
			if due := n.Next(); !n.dead && !due.IsZero() && !due.After(n.time()) {
				n.Tick(n.time())
			}
		}
		if !s.now.Before(end) {
			return
		}
	}
}

// set sets a value, which must be possible.
func (n *simNode) set(topic, value string) {
	n.sim.t.Helper()
	if _, err := n.Set(n.time(), topic, []byte(value), false); err != nil {
		n.sim.t.Fatalf("%s: %v", n.addr, err)
	}
	n.Tick(n.time())
}

// has returns the values of a node.
func (n *simNode) has() map[string]string {
	all := map[string]string{}
	for _, v := range n.Values() {
		all[v.Topic] = string(v.Payload)
	}
	return all
}

// agree returns what all live nodes have, and fails if they differ, in a tombstone, too.
func (s *sim) agree() map[string]string {
	s.t.Helper()
	var first *simNode
	for _, n := range s.nodes {
		if n.dead {
			continue
		}
		if first == nil {
			first = n
		}
		if !maps.Equal(n.has(), first.has()) || digest(n.table.compared(s.now)) != digest(first.table.compared(s.now)) {
			s.t.Errorf("%s has %s, %s has %s", first.addr, brief(first.has()), n.addr, brief(n.has()))
		}
		n.sound(s.t)
	}
	return first.has()
}

func brief(all map[string]string) string {
	text := fmt.Sprint(all)
	return text[:min(len(text), 200)]
}

// sound fails unless what readers got ends with what the node has, in order, and the table counts right.
func (n *simNode) sound(t *testing.T) {
	t.Helper()
	for topic, got := range n.got {
		if !slices.IsSortedFunc(got, Value.Compare) || len(slices.CompactFunc(slices.Clone(got), func(a, b Value) bool { return a.Compare(b) == 0 })) != len(got) {
			t.Errorf("%s: %s was delivered as %v", n.addr, topic, got)
		}
	}
	topics, bytes, tombstones := 0, 0, 0
	for topic, e := range n.table.entries {
		if e.Deleted() {
			tombstones++
			continue
		}
		topics, bytes = topics+1, bytes+e.Size()
		if got := n.got[topic]; len(got) == 0 || got[len(got)-1].Compare(e.Value) != 0 {
			t.Errorf("%s: %s is %v, and was delivered as %v", n.addr, topic, e.Value, got)
		}
	}
	if topics != n.table.topics || bytes != n.table.bytes || tombstones != n.table.tombstones {
		t.Errorf("%s counts %d topics, %d bytes, %d tombstones; there are %d, %d, %d", n.addr, n.table.topics, n.table.bytes, n.table.tombstones, topics, bytes, tombstones)
	}
}

func (n *simNode) counted(name string) uint64 {
	m := map[string]uint64{}
	n.Counters(m)
	return m[name]
}
