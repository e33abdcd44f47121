// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
)

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
			at   time.Time
		}
		var promises []promise
		for range 300 {
			from, to := s.nodes[at(s.r.IntN(nodes))], s.nodes[at(s.r.IntN(nodes))]
			if d, ok := from.say(to.addr, s.r.IntN(2) == 0); ok {
				promises = append(promises, promise{d, to, from, s.now})
			}
			switch s.r.IntN(60) {
			case 0: // the clock jumps; what is on its way has fewer tries left, too few at much loss
				if s.loss >= 0.4 {
					promises = slices.DeleteFunc(promises, func(p promise) bool { return s.now.Sub(p.at) < LAN.Lifetime })
				}
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
	// The answer to a ping counts only within Smudge's timeout of 500 ms.
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

// TestLostAnswerComesAgain: the answer is retransmitted when the question is.
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

// TestFlightsAreBounded: what a member that is gone does not acknowledge is given
// up.
func TestFlightsAreBounded(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	delete(s.nodes, b.addr)
	for range 3 * arq.MaxInFlight {
		a.say(b.addr, false)
	}
	if n := a.peers[b.addr].link.InFlight(); n != arq.MaxInFlight {
		t.Errorf("%d flights", n)
	}
	s.run(2 * LAN.Lifetime)
	if p := a.peers[b.addr]; p.link.InFlight() != 0 || a.shared.Counts.Expired == 0 {
		t.Errorf("%d flights are left", p.link.InFlight())
	}
}

// TestNoTimeIsNoLoss: a node that is late with everything is not sent the same over and
// over: spurious retransmissions make the sender wait longer.
func TestNoTimeIsNoLoss(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	s.delay = 150 * time.Millisecond // each way: far over the first timeouts
	for range 100 {
		a.say(b.addr, false)
		s.run(100 * time.Millisecond)
	}
	before := a.shared.Counts.Retransmitted
	for range 100 {
		a.say(b.addr, false)
		s.run(100 * time.Millisecond)
	}
	if n := a.shared.Counts.Retransmitted - before; n > 20 {
		t.Errorf("%d of 100 frames were retransmitted though none was lost", n)
	}
	if a.shared.Counts.Spurious == 0 {
		t.Error("none was found to be spurious")
	}
}

// TestResendsAreBounded by what is sent: a node alone in the dark does not flood.
func TestResendsAreBounded(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	delete(s.nodes, b.addr)
	for range arq.MaxInFlight {
		a.say(b.addr, false)
	}
	s.run(LAN.Lifetime)
	if most := uint64(arq.MaxInFlight*3 + 4*100); a.shared.Counts.Retransmitted > most || a.shared.Counts.Deferred == 0 {
		t.Errorf("%d retransmitted, at most %d; %d deferred", a.shared.Counts.Retransmitted, most, a.shared.Counts.Deferred)
	}
}

// TestSlowStartIsForgotten: when nodes that start together get no processor time, their
// first round trips are long. A few later ones are to make up for that: timeouts had
// stayed at 400 ms for minutes, where pings are few, and at 30 % loss a ping had two tries
// in the time that it has.
func TestSlowStartIsForgotten(t *testing.T) {
	s := newSim(t, 1)
	s.delay, s.jitter = 50*time.Millisecond, 150*time.Millisecond
	for i := range 6 {
		s.node(at(i + 1))
	}
	mesh(s)
	ask := func() {
		for _, a := range s.addresses() {
			for _, b := range s.addresses() {
				if a != b {
					s.nodes[a].say(b, true)
				}
			}
		}
		s.run(time.Second)
	}
	slowest := func() (most time.Duration) {
		for _, n := range s.nodes {
			for _, p := range n.peers {
				most = max(most, p.link.Timeout(n.now))
			}
		}
		return most
	}
	for range 2 {
		ask()
	}
	if slowest() < 200*time.Millisecond {
		t.Fatal("it was not slow")
	}
	s.delay, s.jitter = 200*time.Microsecond, 0
	rounds := 0
	for ; slowest() > 2*LAN.MinTimeout && rounds < 100; rounds++ {
		ask()
	}
	if rounds > 20 {
		t.Errorf("it took %d answers to find that the network is fast", rounds)
	}
}
