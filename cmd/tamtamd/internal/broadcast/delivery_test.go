// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

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
				a.Up(s.now, b.addr, b.cfg.Local.Session, true)
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
