// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// kindsSent counts the frames of each kind that are sent from now on.
func (s *sim) kindsSent() map[frame.Kind]int {
	kinds := map[frame.Kind]int{}
	s.tap = func(_, _ netip.AddrPort, b []byte) {
		k, _ := frame.KindOf(b)
		kinds[k]++
	}
	return kinds
}

// TestSessionOpensWithFourFrames, and frames have short headers as soon as each has heard the other.
func TestSessionOpensWithFourFrames(t *testing.T) {
	for _, keys := range [][]Key{nil, {{1}}} {
		s := newSim(t, 1)
		s.keys = keys
		kinds := s.kindsSent()
		a, b := s.pair()
		if len(kinds) != 3 || kinds[frame.Hello] != 1 || kinds[frame.Welcome] != 1 || kinds[frame.Info] != 2 {
			t.Errorf("%d keys: frames by kind: %v", len(keys), kinds)
		}
		if !a.peers[b.addr].readsShort() || b.peers[a.addr].readsShort() {
			t.Errorf("%d keys: one has not acknowledged an info, or the other has", len(keys))
		}
		a.say(b.addr, false)
		if s.run(time.Second); !b.peers[a.addr].readsShort() {
			t.Errorf("%d keys: a frame does not show that the info came", len(keys))
		}
		s.hold()
	}
}

// TestLostInfosComeAgain: whichever of them are lost.
func TestLostInfosComeAgain(t *testing.T) {
	for lost := range 8 {
		s := newSim(t, 1)
		a, b := s.node(at(1)), s.node(at(2))
		infos := 0
		s.tap = func(_, _ netip.AddrPort, p []byte) {
			if k, _ := frame.KindOf(p); k == frame.Info {
				infos++
			}
		}
		s.cut = func(_, _ netip.AddrPort) bool { return infos > 0 && infos <= 3 && lost>>(infos-1)&1 != 0 }
		a.Greet(s.now, b.addr)
		s.run(time.Second)
		d, ok := b.say(a.addr, false)
		s.run(time.Second)
		if len(a.saw(Up, b.addr)) != 1 || len(b.saw(Up, a.addr)) != 1 || !ok || a.got[d] != 1 {
			t.Errorf("without those of %b: %v, %v, got %v", lost, a.events, b.events, a.got)
		}
		if kinds := s.kindsSent(); kinds[frame.Info] != 0 {
			t.Errorf("without those of %b: %v are still sent", lost, kinds)
		}
		s.hold()
	}
}

// TestInfoToEarlierNodeIsRetransmitted until it is acknowledged: such a node repeats its own only until
// that is.
func TestInfoToEarlierNodeIsRetransmitted(t *testing.T) {
	for name, understands := range map[string]bool{"earlier": false, "this version": true} {
		s := newSim(t, 1)
		b := s.node(at(2))
		kinds := s.kindsSent()
		info := appendInfo(header(frame.Info, 7, b.cookie(at(1), 7, 8, 0), 1), opening{id: 5, nonce: 8, number: 1}, Info{Addr: at(1), Cluster: "test"})
		if extension := len(info) - alwaysThere; !understands {
			info = append(info[:extension], info[extension+3:]...)
		}
		b.Receive(s.now, at(1), info)
		if s.run(time.Second); kinds[frame.Info] == 0 || kinds[frame.Info] > 1 == understands {
			t.Errorf("%s: %v", name, kinds)
		}
		before := kinds[frame.Info]
		if b.Receive(s.now, at(1), info); understands && kinds[frame.Info] != before+1 {
			t.Errorf("%s: an info that came again is not answered", name)
		}
	}
}

// TestLargestInfoTakesAnAcknowledgement: that of the peer's info rides on it.
func TestLargestInfoTakesAnAcknowledgement(t *testing.T) {
	text := func(n int) string { return string(make([]byte, n)) }
	b := appendInfo(nil, opening{share: text(frame.ShareSize)}, Info{Addr: at(1), Cluster: text(MaxCluster), Profile: text(MaxProfile)})
	if maxAcks(len(b)) < 1 {
		t.Errorf("beside %d bytes there is no room for one", len(b))
	}
}
