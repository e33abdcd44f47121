// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"
)

// TestReachability: which of the two ways is cut is seen from both ends.
func TestReachability(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	links := func() (Link, Link) {
		x, y := a.Links(s.now), b.Links(s.now)
		if len(x) != 1 || len(y) != 1 {
			t.Fatalf("links %v and %v, want one each", x, y)
		}
		return x[0], y[0]
	}
	talk := func() {
		for range 50 {
			a.say(b.addr, false)
			b.say(a.addr, false)
			s.run(100 * time.Millisecond)
		}
	}
	talk()
	x, y := links()
	if x.Addr != b.addr || x.Source != b.addr || y.Source != a.addr || x.Heard > time.Second || x.Unacked != 0 || y.Unacked != 0 {
		t.Errorf("when all is well: %+v, %+v", x, y)
	}

	s.cut = func(from, _ netip.AddrPort) bool { return from == a.addr }
	talk() // for longer than a frame lives
	x, y = links()
	if x.Unacked < 4*time.Second || x.Heard > time.Second {
		t.Errorf("%s hears the other and is not heard: %+v", a.addr, x)
	}
	if y.Unacked < 4*time.Second || y.Heard < y.Unacked-200*time.Millisecond {
		t.Errorf("%s is heard and does not hear: %+v", b.addr, y)
	}

	s.cut = nil
	talk()
	if x, y = links(); x.Unacked > time.Second || y.Unacked > time.Second || y.Heard > time.Second {
		t.Errorf("when all is well again: %+v, %+v", x, y)
	}
}

// TestLinkSource: a node whose packets come from elsewhere than it says is known by
// what it says, and where they come from is told.
func TestLinkSource(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	elsewhere := at(77)
	replay := []byte(nil)
	s.tap = func(from, _ netip.AddrPort, p []byte) {
		if from == b.addr {
			replay = p
		}
	}
	s.cut = func(from, _ netip.AddrPort) bool {
		if from == b.addr {
			a.Receive(s.now, elsewhere, replay)
			a.take()
			return true
		}
		return false
	}
	b.say(a.addr, false)
	s.run(time.Second)
	if got := a.Links(s.now); len(got) != 1 || got[0].Addr != b.addr || got[0].Source != elsewhere {
		t.Errorf("links %+v", got)
	}
	// Who repeats a packet changes nothing.
	s.cut = nil
	a.Receive(s.now, at(66), replay)
	if got := a.Links(s.now); got[0].Source != elsewhere {
		t.Errorf("after a replay: %+v", got)
	}
}
