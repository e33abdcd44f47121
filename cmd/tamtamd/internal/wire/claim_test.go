// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"
)

// TestClassify: what an info is, by what is known of its sender.
func TestClassify(t *testing.T) {
	home, elsewhere := at(1), at(2)
	// How a peer at home can stand: greeted by us; greeted, and its info taken once; open.
	greeted := peer{addr: home, number: 7}
	half := peer{addr: home, number: 7, informed: true, opening: 10}
	open := peer{addr: home, number: 7, informed: true, opening: 10, up: true}
	shut := open
	shut.closed = true
	reopened := peer{addr: home, number: 7, opening: 10, up: true} // by us, and not informed since
	for _, c := range []struct {
		name string
		p    *peer
		cl   claim
		want verdict
	}{
		{"nobody", nil, claim{src: home, addr: home, opening: opening{number: 1}}, unknown},
		{"nobody, from elsewhere", nil, claim{src: elsewhere, addr: home, opening: opening{number: 1}}, unknown},

		{"the first", &greeted, claim{src: home, addr: home, opening: opening{number: 10}, proven: true}, first},
		{"the first, by a cookie", &greeted, claim{src: home, addr: home, opening: opening{number: 10}}, first},
		{"the first, as an answer", &greeted, claim{src: home, addr: home, opening: opening{number: 10, answers: 7}, proven: true}, first},
		{"the first, as an answer to another", &greeted, claim{src: home, addr: home, opening: opening{number: 10, answers: 6}, proven: true}, outdated},
		{"the first, from elsewhere", &greeted, claim{src: elsewhere, addr: home, opening: opening{number: 10}}, unproven},
		{"the first, from elsewhere with our ID", &greeted, claim{src: elsewhere, addr: home, opening: opening{number: 10}, proven: true}, first},
		{"it is elsewhere", &greeted, claim{src: home, addr: elsewhere, opening: opening{number: 10}, proven: true}, moved},
		{"it is elsewhere, by a cookie", &greeted, claim{src: home, addr: elsewhere, opening: opening{number: 10}}, moved},
		{"it is elsewhere, from there", &greeted, claim{src: elsewhere, addr: elsewhere, opening: opening{number: 10}}, unproven},

		{"again", &open, claim{src: home, addr: home, opening: opening{number: 10}, proven: true}, duplicate},
		{"again, from anywhere", &open, claim{src: elsewhere, addr: elsewhere, opening: opening{number: 10}}, duplicate},
		{"again, half open", &half, claim{src: home, addr: home, opening: opening{number: 10}, proven: true}, duplicate},
		{"an earlier one", &open, claim{src: home, addr: home, opening: opening{number: 9}, proven: true}, outdated},
		{"an earlier one, from elsewhere", &open, claim{src: elsewhere, addr: home, opening: opening{number: 9}}, unproven},
		{"a later one", &open, claim{src: home, addr: home, opening: opening{number: 11}, proven: true}, forgotten},
		{"a later one, by a cookie", &open, claim{src: home, addr: home, opening: opening{number: 11}}, forgotten},
		{"a later one, from elsewhere", &open, claim{src: elsewhere, addr: home, opening: opening{number: 11}}, unproven},
		{"a later one, of another address", &open, claim{src: home, addr: elsewhere, opening: opening{number: 11}}, unproven},
		{"a later one, as an answer", &open, claim{src: home, addr: home, opening: opening{number: 11, answers: 7}, proven: true}, renewed},
		{"a later one, as an answer to another", &open, claim{src: home, addr: home, opening: opening{number: 11, answers: 6}, proven: true}, outdated},

		{"reopened by us", &reopened, claim{src: home, addr: home, opening: opening{number: 11, answers: 7}, proven: true}, first},
		{"reopened by us, and an old one", &reopened, claim{src: home, addr: home, opening: opening{number: 10}, proven: true}, outdated},

		{"closed", &shut, claim{src: home, addr: home, opening: opening{number: 11}, proven: true}, closed},
		{"closed, and a duplicate", &shut, claim{src: elsewhere, addr: home, opening: opening{number: 10}}, closed},
	} {
		before := peer{}
		if c.p != nil {
			before = *c.p
		}
		if have := classify(c.p, c.cl); have != c.want {
			t.Errorf("%s: verdict %d, want %d", c.name, have, c.want)
		}
		if c.p != nil && *c.p != before {
			t.Errorf("%s: the peer was changed", c.name)
		}
	}
}

// alwaysThere is how many bytes the extensions take that each info has.
const alwaysThere = 3 + 2

// TestInfoRoundTrip: what was written is read, up to the largest.
func TestInfoRoundTrip(t *testing.T) {
	large := func(n int) string { return string(make([]byte, n)) }
	o := opening{id: 1, nonce: 2, number: 3, answers: 4, short: true, spares: true}
	for name, c := range map[string]struct {
		o    opening
		info Info
		want bool
	}{
		"small":     {o, Info{Addr: at(1)}, true},
		"large":     {o, Info{at(1), large(MaxCluster), large(MaxProfile)}, true},
		"too large": {o, Info{at(1), "c", large(MaxProfile + 1)}, false},
		"no number": {opening{id: 1}, Info{Addr: at(1)}, false},
		"no port":   {o, Info{Addr: netip.AddrPortFrom(at(1).Addr(), 0)}, false},
	} {
		b := appendInfo(nil, c.o, c.info)
		ho, hi, ok := parseInfo(append(b, "of a later version"...))
		if ok != c.want || ok && (ho != c.o || hi != c.info) {
			t.Errorf("%s: %v, %+v, %+v", name, ok, ho, hi)
		}
		for i := range len(b) - alwaysThere { // the extensions may be absent
			if _, _, ok := parseInfo(b[:i]); ok {
				t.Fatalf("%s: %d bytes of %d are read", name, i, len(b))
			}
		}
	}
}

// TestNoConflict: a node that restarts, has its session renewed, or advertises another
// address than its packets come from, is in no conflict with itself.
func TestNoConflict(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	for range 5 {
		b2 := s.node(b.addr)
		b2.Greet(s.now, a.addr)
		s.run(time.Second)
		b2.Restart(s.now)
		b2.Greet(s.now, a.addr)
		s.run(time.Second)
	}
	inside := at(77) // its packets come from there, and those to b.addr arrive
	n := s.node(b.addr)
	n.cfg.Output = func(to netip.AddrPort, packet []byte) { s.send(inside, to, packet) }
	s.nodes[inside] = n
	for range 5 {
		n.Greet(s.now, a.addr)
		s.run(time.Second)
		n.Restart(s.now)
	}
	if len(a.saw(Up, b.addr)) < 10 || len(a.saw(Contested, b.addr)) != 0 {
		t.Errorf("saw %+v", a.events)
	}
}
