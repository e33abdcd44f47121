// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
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

func newSim(t *testing.T, seed uint64) *sim {
	return &sim{
		t: t, r: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0),
		delay: 200 * time.Microsecond, nodes: map[netip.AddrPort]*simNode{},
	}
}

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 9999)
}

// node starts a node at an address, in the place of one that lived there.
func (s *sim) node(a netip.AddrPort, change ...func(*Info)) *simNode {
	n := &simNode{sim: s, addr: a, got: map[string]int{}}
	info := Info{Addr: a, MaxPayload: 256, Name: "n" + a.String(), Cluster: "test", Version: "v1"}
	for _, f := range change {
		f(&info)
	}
	n.Core = NewCore(CoreConfig{
		Info: info, Timing: LAN, Random: s.r.Uint64,
		Output: func(to netip.AddrPort, b []byte) { s.send(a, to, b) },
	}, s.now)
	s.nodes[a] = n
	return n
}

func (s *sim) send(from, to netip.AddrPort, b []byte) {
	if s.tap != nil {
		s.tap(from, to, b)
	}
	if len(b) > MaxFrame-sealSize {
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
		if e.Kind == Data {
			n.got[string(e.Data)]++
			if len(e.Data) > 0 && e.Data[0] == '?' { // a question wants an answer
				n.Send(n.sim.now, e.Addr, append([]byte("!"), e.Data[1:]...), true)
			}
		}
		e.Data = nil
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
	return d, n.Send(n.sim.now, to, []byte(d), false)
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
			if len(p.flights)+len(p.acks) > 0 || !p.up {
				s.t.Errorf("%s holds %d flights and %d acks for %s", a, len(p.flights), len(p.acks), p.addr)
			}
		}
		if len(n.sessions) != len(n.peers) {
			s.t.Errorf("%s: %d sessions, %d peers", a, len(n.sessions), len(n.peers))
		}
	}
}

// TestOnceAndSurely: whatever the network does, a datagram is delivered at most
// once, and, if both nodes live on and can reach each other, surely once.
func TestOnceAndSurely(t *testing.T) {
	for seed := range uint64(60) {
		s := newSim(t, seed)
		s.loss = float64(seed%7) / 10
		s.duplication = float64(seed%3) / 4
		s.jitter = time.Duration(seed%5) * 10 * time.Millisecond
		const nodes = 4
		for i := range nodes {
			s.node(at(i))
		}
		mesh(s)
		type promise struct {
			d    string
			by   *simNode // who is to get it
			from *simNode
		}
		var promises []promise
		for range 300 {
			from, to := s.nodes[at(s.r.IntN(nodes))], s.nodes[at(s.r.IntN(nodes))]
			if d, ok := from.say(to.addr, s.r.IntN(2) == 0); ok {
				promises = append(promises, promise{d, to, from})
			}
			switch s.r.IntN(60) {
			case 0: // the clock jumps
				s.now = s.now.Add(time.Duration(s.r.IntN(1500)) * time.Millisecond)
			case 1: // a restart: what was on its way to or from it may be lost
				a := at(s.r.IntN(nodes))
				old := s.nodes[a]
				fresh := s.node(a)
				fresh.next = old.next
				promises = slices.DeleteFunc(promises, func(p promise) bool { return p.by == old || p.from == old })
				mesh(s)
			}
			s.run(time.Duration(s.r.IntN(30)) * time.Millisecond)
		}
		loss := s.loss
		s.run(LAN.Lifetime)
		s.hold()
		for _, p := range promises {
			if p.by.got[p.d] == 0 && loss < 0.5 {
				t.Errorf("seed %d: %q was not delivered", seed, p.d)
			}
		}
		for _, n := range s.nodes {
			for d, times := range n.got {
				if times > 1 {
					t.Errorf("seed %d: %q was delivered %d times", seed, d, times)
				}
			}
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

func TestLossIsHidden(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	s.loss = 0.3
	const n = 1000
	late := 0
	for range n {
		d, _ := a.say(b.addr, true)
		began := s.now
		answer := "!" + d[1:]
		for a.got[answer] == 0 && s.now.Sub(began) < 3*time.Second {
			s.run(5 * time.Millisecond)
		}
		if s.now.Sub(began) > 500*time.Millisecond {
			late++
		}
	}
	// The answer to a ping counts only within Smudge's time-out of 500 ms.
	if late > 5 {
		t.Errorf("%d of %d answers came after 500 ms at 30 %% loss", late, n)
	}
	t.Logf("%d of %d answers came after 500 ms at 30 %% loss", late, n)
}

// TestAQuestionTakesTwoPackets: an answer takes the acknowledgement along and is
// not acknowledged itself.
func TestAQuestionTakesTwoPackets(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	count := 0
	s.tap = func(netip.AddrPort, netip.AddrPort, []byte) { count++ }
	for range 10 {
		a.say(b.addr, true)
		s.run(time.Second)
	}
	if count != 20 {
		t.Errorf("10 questions and answers took %d packets", count)
	}
}

// TestLostAnswerComesAgain: the answer is sent again when the question is.
func TestLostAnswerComesAgain(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	answers := 0
	s.cut = func(from, _ netip.AddrPort) bool {
		if from == b.addr {
			answers++
			return answers <= 3
		}
		return false
	}
	d, _ := a.say(b.addr, true)
	s.run(time.Second)
	if a.got["!"+d[1:]] != 1 || b.got[d] != 1 {
		t.Errorf("got %v and %v", a.got, b.got)
	}
}

func TestRestart(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	a2 := s.node(a.addr)
	a2.Greet(s.now, b.addr)
	began := s.now
	for len(b.saw(Up, a.addr)) < 2 && s.now.Sub(began) < time.Minute {
		s.run(time.Millisecond)
	}
	if took := s.now.Sub(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
	d, ok := a2.say(b.addr, false)
	if s.run(time.Second); !ok || b.got[d] != 1 {
		t.Error("its first datagram is lost")
	}
}

// TestSilentRestart: a node that began anew and greets nobody is found out by those
// who send to it.
func TestSilentRestart(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	a2 := s.node(a.addr)
	b.say(a.addr, false)
	s.run(time.Second)
	if len(b.saw(Up, a.addr)) != 2 || len(a2.saw(Up, b.addr)) != 1 {
		t.Errorf("not within a second: %v", b.events)
	}
}

func TestGoodbye(t *testing.T) {
	s := newSim(t, 1)
	s.loss = 0.3
	var all []*simNode
	for i := range 10 {
		all = append(all, s.node(at(i)))
	}
	mesh(s)
	s.run(time.Second)
	leaver := all[0]
	leaver.Goodbye(s.now, s.addresses())
	began := s.now
	for leaver.Owed() > 0 && s.now.Sub(began) < time.Minute {
		s.run(time.Millisecond)
	}
	if took := s.now.Sub(began); took > 500*time.Millisecond {
		t.Errorf("acknowledged after %v", took)
	}
	for _, n := range all[1:] {
		if left := n.saw(Left, leaver.addr); len(left) != 1 || n.Has(leaver.addr) {
			t.Errorf("%s saw %v", n.addr, left)
		}
	}
	delete(s.nodes, leaver.addr)
	s.hold()
}

func TestRemoveAndRenew(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	c := s.node(at(3))
	mesh(s)
	old := c.Session()
	a.Remove(s.now, c.addr, old)
	s.run(time.Second)
	for _, n := range []*simNode{b, c} {
		if e := n.saw(Removed, a.addr); len(e) != 1 || e[0].Session != old || e[0].Members[0] != c.addr {
			t.Errorf("%s saw %v", n.addr, e)
		}
	}
	c.Renew(s.now)
	a.Greet(s.now, c.addr)
	s.run(time.Minute)
	if a.Has(c.addr) || len(c.peers) != 0 {
		t.Error("it is met before it greets")
	}
	c.Greet(s.now, a.addr)
	s.run(time.Second)
	if up := a.saw(Up, c.addr); len(up) != 2 || up[1].Session == old {
		t.Errorf("it is not let in again: %v", up)
	}
}

func TestForeignClusterIsRefused(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	b := s.node(at(2), func(i *Info) { i.Cluster = "other" })
	a.Greet(s.now, b.addr)
	s.run(time.Second)
	if len(a.saw(Refused, b.addr)) != 1 || len(b.saw(Refused, a.addr)) != 1 || len(a.peers)+len(b.peers) != 0 {
		t.Errorf("saw %v, %v", a.events, b.events)
	}
	s.hold()
}

func TestGreetingOneself(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	a.Greet(s.now, a.addr)
	s.run(time.Second)
	if len(a.saw(Itself, a.addr)) != 1 || len(a.peers) != 0 {
		t.Errorf("saw %v", a.events)
	}
	s.hold()
}

// TestAdvertisedAddress: a node is who it advertises to be, wherever its packets
// come from, if it answers there.
func TestAdvertisedAddress(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	public, inner := at(7), at(2)
	b := s.node(inner, func(i *Info) { i.Addr = public })
	s.nodes[public] = b // what is sent there arrives, and is answered from inside
	b.Greet(s.now, a.addr)
	s.run(time.Second)
	if len(a.saw(Up, public)) != 1 || len(b.saw(Up, a.addr)) != 1 || a.Has(inner) {
		t.Fatalf("saw %v, %v", a.events, b.events)
	}
	d, _ := a.say(public, true)
	if s.run(time.Second); b.got[d] != 1 || a.got["!"+d[1:]] != 1 {
		t.Error("no datagrams")
	}
	// Greeted at the inner one, it is told to be at the other.
	a.Greet(s.now, inner)
	s.run(time.Second)
	if m := a.saw(Moved, inner); len(m) != 1 || m[0].Members[0] != public {
		t.Errorf("saw %v", a.events)
	}
	delete(s.nodes, public)
	s.nodes[inner] = b
	s.hold()
}

// TestAddressIsNotHadByClaimingIt: a thief says that it is at a member's address.
func TestAddressIsNotHadByClaimingIt(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	thief := s.node(at(66), func(i *Info) { i.Addr = b.addr })
	nobody := s.node(at(67), func(i *Info) { i.Addr = at(68) })
	for range 5 {
		thief.Greet(s.now, a.addr)
		nobody.Greet(s.now, a.addr)
		s.run(time.Second)
	}
	if p := a.peers[b.addr]; p == nil || p.session != b.session || !p.up {
		t.Error("the thief has the address")
	}
	if len(a.peers) != 1 || len(a.saw(Up, b.addr)) != 1 || a.counts["claims_greeted"] == 0 {
		t.Errorf("saw %v, counted %v", a.events, a.counts)
	}
	if d, ok := a.say(b.addr, false); ok {
		if s.run(time.Second); b.got[d] != 1 {
			t.Error("the member does not get its datagrams")
		}
	}
	thief.say(a.addr, false)
	if s.run(time.Second); len(a.got) != 0 {
		t.Errorf("the thief is heard: %v", a.got)
	}
}

// TestReplay: all that a node ever sent, brought again by somebody who writes its
// address into the packets, after it has gone.
func TestReplay(t *testing.T) {
	s := newSim(t, 1)
	var seen [][]byte
	s.tap = func(from, _ netip.AddrPort, b []byte) {
		if from == at(1) {
			seen = append(seen, b)
		}
	}
	a, b := s.pair()
	for range 20 {
		a.say(b.addr, true)
		s.run(50 * time.Millisecond)
	}
	s.tap = nil
	replay := func() {
		for _, p := range seen {
			b.Receive(s.now, a.addr, p)
			b.take()
		}
		s.run(10 * time.Second)
	}
	replay()
	for d, times := range b.got {
		if times != 1 {
			t.Errorf("%q was delivered %d times", d, times)
		}
	}
	// It left, and is gone; the capture has grown old.
	a.Goodbye(s.now, s.addresses())
	s.run(time.Second)
	delete(s.nodes, a.addr)
	s.run(2 * cookieLife)
	ups := len(b.saw(Up, a.addr))
	replay()
	if len(b.saw(Up, a.addr)) != ups || b.counts["dropped_bad_cookie"] == 0 {
		t.Error("the dead were raised")
	}
}

// TestHelloFlood: hellos from addresses that nobody has make no state, and are not
// answered by more than they brought.
func TestHelloFlood(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	in, out := 0, 0
	s.tap = func(from, _ netip.AddrPort, b []byte) { out += len(b) }
	for i := range 100_000 {
		src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), uint16(i)|1)
		h := appendHeader(nil, kindHello, uint64(i)+1, 0, 0, nil)
		h = append(binary.BigEndian.AppendUint64(h, uint64(i)), "test"...)
		in += len(h)
		a.Receive(s.now, src, h)
	}
	if len(a.peers)+len(a.greetings) != 0 || out > in {
		t.Errorf("%d peers, %d greetings, %d bytes out for %d in", len(a.peers), len(a.greetings), out, in)
	}
	s.wire = nil
}

// TestFloodFromOneAddress: one machine that answers as a thousand nodes gets no
// more than its share.
func TestFloodFromOneAddress(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	for i := range 1000 {
		s.node(netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, 1}), uint16(i+1))).Greet(s.now, a.addr)
	}
	b := s.node(at(2))
	b.Greet(s.now, a.addr)
	s.run(time.Second)
	if len(a.peers) != MaxPeersPerIP+1 || !a.Has(b.addr) || a.counts["refused_sessions"] == 0 {
		t.Errorf("%d peers, counted %v", len(a.peers), a.counts)
	}
}

// TestProbeOpensNothing: who is asked whether it is there answers, and is no peer.
func TestProbeOpensNothing(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.node(at(1)), s.node(at(2))
	other := s.node(at(3), func(i *Info) { i.Cluster = "other" })
	n1, n2, n3 := a.Probe(s.now, b.addr), a.Probe(s.now, other.addr), a.Probe(s.now, a.addr)
	a.Probe(s.now, at(9))
	s.run(time.Second)
	for _, want := range []Event{
		{Kind: Answered, Addr: b.addr, Nonce: n1}, {Kind: Refused, Addr: other.addr, Nonce: n2}, {Kind: Itself, Addr: a.addr, Nonce: n3},
	} {
		if got := a.saw(want.Kind, want.Addr); len(got) != 1 || got[0].Nonce != want.Nonce {
			t.Errorf("saw %v, want %v", got, want)
		}
	}
	if len(a.peers)+len(b.peers)+len(other.peers) != 0 {
		t.Error("a session was opened")
	}
	s.hold()
}

func TestMembersAreTold(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	var many []netip.AddrPort
	for i := range 300 {
		many = append(many, netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), uint16(i+1)))
	}
	a.Tell(s.now, b.addr, true, 7, many)
	s.run(time.Second)
	var got []netip.AddrPort
	asks := 0
	for _, e := range b.saw(Told, a.addr) {
		got = append(got, e.Members...)
		if e.Ask {
			asks++
		}
		if e.Digest != 7 {
			t.Errorf("digest %d", e.Digest)
		}
	}
	if asks != 1 {
		t.Errorf("asked %d times", asks)
	}
	if !slices.Equal(got, many) {
		t.Errorf("%d of %d arrived", len(got), len(many))
	}
}

// TestFlightsAreBounded: what a member that is gone does not acknowledge is given
// up.
func TestFlightsAreBounded(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	delete(s.nodes, b.addr)
	for range 3 * maxFlights {
		a.say(b.addr, false)
	}
	if n := len(a.peers[b.addr].flights); n != maxFlights {
		t.Errorf("%d flights", n)
	}
	s.run(2 * LAN.Lifetime)
	if p := a.peers[b.addr]; len(p.flights) != 0 || a.counts["frames_expired"] == 0 {
		t.Errorf("%d flights are left", len(p.flights))
	}
}
