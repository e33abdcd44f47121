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
)

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
			n.Up(s.now, m.addr, m.cfg.Local.Session)
			m.Up(s.now, a, n.cfg.Local.Session)
		}
	}
	return n
}

// lone starts a node that knows nobody.
func (s *sim) lone(a netip.AddrPort) *simNode {
	n := &simNode{sim: s, addr: a, got: map[Stream][]uint64{}, when: map[id]time.Time{}}
	n.Core = NewCore(CoreConfig{
		Local: Stream{a, s.r.Uint64() | 1}, Keep: 4096, KeepBytes: 4 << 20,
		Send:    func(to netip.AddrPort, b []byte, token uint64) bool { return s.send(n, to, b, token) },
		Deliver: n.deliver, Random: s.r.IntN,
	})
	s.nodes[a] = n
	s.list = append(s.list, n)
	return n
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
					target.Receive(s.now, from.addr, b)
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

// say broadcasts, if there is room.
func (n *simNode) say() Message {
	return n.Broadcast(n.sim.now, "", fmt.Appendf(nil, "%s %d", n.addr, n.own.last+1))
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

// TestEveryLiveMemberGetsAllOnceInOrder, whatever is lost.
func TestEveryLiveMemberGetsAllOnceInOrder(t *testing.T) {
	for seed := range uint64(40) {
		s := newSim(t, seed)
		all := s.cluster(2 + int(seed%9))
		s.loss = float64(seed%7) / 10
		for range 200 {
			all[s.r.IntN(len(all))].say()
			s.run(time.Duration(s.r.IntN(20)) * time.Millisecond)
		}
		s.run(20 * time.Second)
		for _, n := range all {
			for _, origin := range all {
				n.whole(t, origin.cfg.Local, 1, origin.own.last)
			}
			if n.pending != 0 || len(n.gaps) > 0 {
				t.Errorf("seed %d: %d bytes pending, gaps %v", seed, n.pending, n.gaps)
			}
		}
	}
}

// TestOriginThatDies right after it sent: all get the message, or nobody.
func TestOriginThatDies(t *testing.T) {
	for seed := range uint64(200) {
		s := newSim(t, seed)
		all := s.cluster(10)
		s.loss = []float64{0, 0.3, 0.9}[seed%3]
		origin := all[seed%10]
		m := origin.say()
		s.run(time.Duration(s.r.IntN(3)) * time.Millisecond)
		s.kill(origin)
		s.loss = 0.1
		s.run(30 * time.Second)
		have := 0
		for _, n := range all {
			if !n.dead && len(n.got[m.Stream]) == 1 {
				have++
			}
		}
		if have != 0 && have != 9 {
			t.Errorf("seed %d: %d of 9 have it", seed, have)
		}
	}
}

// TestRestartedOrigin: nothing of its new stream is lost, and nothing comes twice.
func TestRestartedOrigin(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(5)
	s.loss = 0.3
	for range 50 {
		all[0].say()
		s.run(10 * time.Millisecond)
	}
	fresh := s.start(all[0].addr)
	for range 50 {
		fresh.say()
		s.run(10 * time.Millisecond)
	}
	s.run(20 * time.Second)
	for _, n := range all[1:5] {
		n.whole(t, fresh.cfg.Local, 1, 50)
	}
}

// TestPartition of ten seconds, under steady sending in both halves.
func TestPartition(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(10)
	half := func(a netip.AddrPort) bool {
		return slices.IndexFunc(all, func(n *simNode) bool { return n.addr == a }) < 5
	}
	sending := func(d time.Duration) {
		for end := s.now.Add(d); s.now.Before(end); s.run(20 * time.Millisecond) {
			all[0].say()
			all[9].say()
		}
	}
	sending(time.Second)
	s.cut = func(a, b netip.AddrPort) bool { return half(a) != half(b) }
	s.after(2*time.Second, func() { // found dead
		for _, a := range all {
			for _, b := range all {
				if half(a.addr) != half(b.addr) {
					a.Gone(b.addr)
				}
			}
		}
	})
	sending(10 * time.Second)
	s.cut = nil
	for _, a := range all {
		for _, b := range all {
			if half(a.addr) != half(b.addr) {
				a.Up(s.now, b.addr, b.cfg.Local.Session)
			}
		}
	}
	last := all[0].own.last
	s.run(3 * time.Second)
	for _, n := range all {
		n.whole(t, all[0].cfg.Local, 1, last)
		n.whole(t, all[9].cfg.Local, 1, last)
	}
}

// TestGapIsTold when what is missing is no longer kept.
func TestGapIsTold(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(3)
	all[0].store.maxCount, all[1].store.maxCount = 10, 10
	s.cut = func(a, b netip.AddrPort) bool { return a == all[2].addr || b == all[2].addr }
	for range 50 {
		all[0].say()
		s.run(100 * time.Millisecond)
	}
	s.cut = nil
	s.run(15 * time.Second)
	all[0].say()
	s.run(time.Second)
	if len(all[2].gaps) == 0 || all[2].gaps[0].From != 1 {
		t.Errorf("gaps %v", all[2].gaps)
	}
	all[2].accounted(t, all[0].cfg.Local, 51)
}

// TestClaimIsNoGap: a member says that there is more of another's stream than there
// is. Nobody confirms it, and the stream goes on.
func TestClaimIsNoGap(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(3)
	all[0].say()
	s.run(time.Second)
	claim := appendDigest(nil, 0, []entry{{all[0].cfg.Local, 1 << 40}})
	all[1].Receive(s.now, all[2].addr, claim)
	s.run(2 * giveUpAfter)
	all[0].say()
	s.run(time.Second)
	if all[1].whole(t, all[0].cfg.Local, 1, 2); len(all[1].gaps) > 0 {
		t.Errorf("gaps %v", all[1].gaps)
	}
	if bad := appendDigest(nil, 0, []entry{{all[0].cfg.Local, 1<<64 - 1}}); true {
		before := all[1].counts.Get(droppedBad)
		if all[1].Receive(s.now, all[0].addr, bad); all[1].counts.Get(droppedBad) != before+1 {
			t.Error("a number that wraps is taken")
		}
	}
}

// TestLateJoiner takes no history for news.
func TestLateJoiner(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(3)
	s.loss = 0.3
	for range 20 {
		all[0].say()
	}
	s.run(5 * time.Second)
	late := s.start(at(9))
	s.run(2 * time.Second)
	for range 20 {
		all[0].say()
	}
	s.run(10 * time.Second)
	late.whole(t, all[0].cfg.Local, 21, 40)
}

// TestJustMet: what was sent a moment before a member was met is meant for it, too.
func TestJustMet(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(3)
	all[0].say()
	s.run(2 * meetGrace)
	all[0].say()
	s.run(meetGrace / 2)
	all[0].say()
	late := s.start(at(9))
	all[0].say()
	s.run(5 * time.Second)
	late.whole(t, all[0].cfg.Local, 2, 4)
}

// TestWindow: a member that does not acknowledge ends the room, and no longer does
// when it is suspected or gone.
func TestWindow(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(3)
	s.cut = func(a, b netip.AddrPort) bool { return a == all[2].addr || b == all[2].addr }
	n := 0
	for ; all[0].HasCapacity(s.now) && n < 2*Window; n++ {
		all[0].say()
	}
	if n != Window {
		t.Errorf("room for %d", n)
	}
	s.run(100 * time.Millisecond)
	if have, missing := all[0].Have(1); have != 1 || !slices.Equal(missing, []netip.AddrPort{all[2].addr}) || all[0].HasCapacity(s.now) {
		t.Errorf("%d have it, %v do not", have, missing)
	}
	all[0].Suspect(all[2].addr, true)
	if !all[0].HasCapacity(s.now) {
		t.Error("a suspected member is waited for")
	}
	all[0].Suspect(all[2].addr, false)
	all[0].Gone(all[2].addr)
	if have, missing := all[0].Have(1); have != 1 || len(missing) != 0 || !all[0].HasCapacity(s.now) {
		t.Errorf("%d have it, %v do not", have, missing)
	}
}

// TestQuietClusterIsQuiet: nothing is sent, and nothing is due, when all is said.
func TestQuietClusterIsQuiet(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(10)
	all[0].say()
	s.run(2 * forgetAfter)
	before := s.bytes
	s.run(time.Hour)
	if s.bytes != before {
		t.Errorf("%d bytes in a quiet hour", s.bytes-before)
	}
	for _, n := range all {
		if next := n.Next(s.now); !next.IsZero() {
			t.Errorf("%s has something to do in %v", n.addr, next.Sub(s.now))
		}
	}
}
