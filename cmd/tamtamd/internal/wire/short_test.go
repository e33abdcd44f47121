// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// converse has two nodes exchange some questions and answers, and returns the packets.
func (s *sim) converse(a, b *simNode) (sent [][]byte) {
	s.t.Helper()
	s.tap = func(_, _ netip.AddrPort, p []byte) { sent = append(sent, p) }
	defer func() { s.tap = nil }()
	for range 5 {
		for _, x := range []*simNode{a, b} {
			to := a.addr
			if x == a {
				to = b.addr
			}
			d, ok := x.say(to, true)
			s.run(100 * time.Millisecond)
			if n := s.nodes[to].got[d]; !ok || n != 1 {
				s.t.Errorf("%q was delivered %d times", d, n)
			}
		}
	}
	return sent
}

// shorts returns how many packets have a short header.
func shorts(packets [][]byte) (n int) {
	for _, p := range packets {
		if frame.IsShort(p) {
			n++
		}
	}
	return n
}

// TestOpenSessionHasShortHeaders, encrypted or not.
func TestOpenSessionHasShortHeaders(t *testing.T) {
	for _, keys := range [][]Key{nil, {{1}}} {
		s := newSim(t, 1)
		s.keys = keys
		a, b := s.pair()
		if sent := s.converse(a, b); shorts(sent) != len(sent) || len(sent) < 20 {
			t.Errorf("%d keys: %d of %d packets have a short header", len(keys), shorts(sent), len(sent))
		}
		s.hold()
	}
}

// TestOldNodeGetsLongHeaders: one of a version that does not say that it reads short ones.
func TestOldNodeGetsLongHeaders(t *testing.T) {
	info := appendInfo(nil, opening{id: 1, number: 1}, Info{Addr: at(1)})
	if o, _, ok := parseInfo(info); !ok || !o.short {
		t.Errorf("an info says %+v", o)
	}
	if o, _, ok := parseInfo(info[:len(info)-2]); !ok || o.short {
		t.Errorf("an info of an earlier version says %+v", o)
	}
	s := newSim(t, 1)
	a, b := s.pair()
	a.peers[b.addr].short, b.peers[a.addr].short = false, false
	if sent := s.converse(a, b); shorts(sent) != 0 {
		t.Errorf("%d of %d packets have a short header", shorts(sent), len(sent))
	}
}

// TestShortHeadersWaitForTheInfo: what they leave out is only known to a peer that has it. So
// on a bad network, too, with sessions that are opened again and again, no frame is taken for
// another one.
func TestShortHeadersWaitForTheInfo(t *testing.T) {
	for seed := range uint64(20) {
		s := newSim(t, seed)
		a, b := s.pair()
		s.loss, s.duplication, s.jitter = 0.3, 0.3, 50*time.Millisecond
		s.tap = func(from, to netip.AddrPort, p []byte) {
			peer := s.nodes[from].peers[to]
			if frame.IsShort(p) && (!peer.acknowledged || peer.counter>>32 != peer.number) {
				t.Fatalf("%v has a short header", p)
			}
		}
		var said []string
		for i := range 60 {
			for x, to := range map[*simNode]netip.AddrPort{a: b.addr, b: a.addr} {
				if p := x.peers[to]; i%20 == 10 && p != nil && x == a { // it forgets the other
					x.drop(p)
					x.Greet(s.now, to)
				}
				d, _ := x.say(to, i%2 == 0)
				said = append(said, d)
			}
			s.run(20 * time.Millisecond)
		}
		s.tap = nil
		s.hold()
		for _, d := range said {
			if n := a.got[d] + b.got[d]; n > 1 {
				t.Errorf("seed %d: %q was delivered %d times", seed, d, n)
			}
		}
	}
}

// TestLongHeadersAfterTheLastCounterOfABlock: the next block is not that of the opening.
func TestLongHeadersAfterTheLastCounterOfABlock(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	p := a.peers[b.addr]
	p.counter = p.counter&^math.MaxUint32 | (math.MaxUint32 - 3)
	sent := s.converse(a, b)
	if n := shorts(sent); n == 0 || n == len(sent) {
		t.Errorf("%d of %d packets have a short header", n, len(sent))
	}
	s.hold()
}

// TestShortHeaderOfNoSession is dropped, as is one of a session that is not yet open.
func TestShortHeaderOfNoSession(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	var last []byte
	for _, p := range s.converse(a, b) {
		last = p
	}
	to := s.nodes[b.addr]
	if frame.ShortConnection(last) != a.peers[b.addr].sendID {
		to = s.nodes[a.addr]
	}
	before := counted(to)["dropped_unknown_connection"]
	forged := bytes.Clone(last)
	forged[8] ^= 1
	to.Receive(s.now, at(9), forged)
	if n := counted(to)["dropped_unknown_connection"] - before; n != 1 {
		t.Errorf("a frame of no session is dropped %d times", n)
	}
	for _, p := range to.peers {
		p.informed = false
	}
	to.Receive(s.now, at(9), last)
	if n := counted(to)["dropped_early"]; n != 1 {
		t.Errorf("a frame of a session that is not open is dropped %d times", n)
	}
	if e := to.AppendEvents(nil); len(e) != 0 {
		t.Errorf("events: %v", e)
	}
}
