// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// nth is an address at which there is no node.
func nth(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 9999)
}

// TestGreetingsAreBounded, and forgotten when they were not answered.
func TestGreetingsAreBounded(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	for i := range maxGreetings {
		if i%2 == 0 {
			a.Greet(s.now, nth(i))
		} else if a.Probe(s.now, nth(i)) == 0 {
			t.Fatalf("probe %d is refused", i)
		}
	}
	a.Greet(s.now, nth(maxGreetings))
	if nonce := a.Probe(s.now, nth(1)); nonce != 0 || len(a.nonces) != maxGreetings || counted(a)["greetings_overflowed"] != 2 {
		t.Errorf("%d greetings, counted %v", len(a.nonces), counted(a))
	}
	hellos := a.traffic.sent[slot(frame.Hello, 0)]
	a.Greet(s.now, nth(0)) // of which one is under way already
	if len(a.nonces) != maxGreetings || a.traffic.sent[slot(frame.Hello, 0)] != hellos+1 {
		t.Errorf("%d greetings", len(a.nonces))
	}
	s.run(greetingLife + time.Millisecond)
	if len(a.nonces)+len(a.greetings) != 0 || !a.Next().IsZero() {
		t.Errorf("%d greetings are left, the next is due at %v", len(a.nonces), a.Next())
	}
}

// TestClaimsAreBounded: what others say of addresses makes a quarter of the greetings at
// most, so that the rest of them can be made.
func TestClaimsAreBounded(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	b := s.node(at(2))
	for i := range maxClaims + 100 {
		cookie := a.cookie(b.addr, b.session, 7, 0)
		info := appendInfo(header(frame.Info, b.session, cookie, uint64(i)+1), opening{id: 1, nonce: 7, number: 1}, Info{Addr: nth(i), Cluster: "test"})
		a.Receive(s.now, b.addr, info)
	}
	if len(a.nonces) != maxClaims || counted(a)["claims_greeted"] != maxClaims+100 || len(a.peers) != 0 {
		t.Errorf("%d greetings, %d peers, counted %v", len(a.nonces), len(a.peers), counted(a))
	}
	a.Greet(s.now, b.addr)
	if s.run(time.Second); !a.Has(b.addr) {
		t.Error("no greeting of its own is left")
	}
}

// TestShut: a node that is shut greets nobody, answers no hello, and keeps its sessions.
func TestShut(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	c := s.node(at(3))
	a.Shut()
	a.Greet(s.now, c.addr)
	c.Greet(s.now, a.addr)
	d, ok := a.say(b.addr, true)
	s.run(time.Second)
	if len(a.peers) != 1 || len(c.peers) != 0 || !ok || a.got["!"+d[1:]] != 1 {
		t.Errorf("%d and %d peers, got %v", len(a.peers), len(c.peers), a.got)
	}
	s.hold()
}

// TestEndedSessionsAreBounded: those that ended last are remembered, whatever their number.
func TestEndedSessionsAreBounded(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	for i := range 5 * maxEnded {
		a.end(&peer{addr: nth(i), session: 7}, 1)
	}
	last := endedKey{nth(5*maxEnded - 1), 7}
	if _, ok := a.ended[last]; !ok || len(a.ended) > 2*maxEnded {
		t.Errorf("%d are remembered, the last among them: %v", len(a.ended), ok)
	}
	a.end(&peer{addr: last.addr, session: 7}, never)
	a.end(&peer{addr: last.addr, session: 7}, 9)
	if a.ended[last].opening != never {
		t.Errorf("the last opening is %d", a.ended[last].opening)
	}
	a.advance(s.now.Add(2*cookieLife + 1))
	a.end(&peer{addr: nth(0), session: 8}, 1)
	if len(a.ended) != 1 {
		t.Errorf("%d are remembered after a cookie's life", len(a.ended))
	}
}

// TestTriesAreToldApart: an answer shows which of the last tries of a greeting it is to, and
// one to a try that was not sent is none.
func TestTriesAreToldApart(t *testing.T) {
	const interval = 100 * time.Millisecond
	for _, c := range []struct {
		tries int
		try   uint64
		want  time.Duration // 0 for no answer
	}{{1, 0, interval}, {1, 1, 0}, {3, 0, 3 * interval}, {3, 2, interval}, {10, 0, 2 * interval}, {10, 2, 8 * interval}} {
		s := newSim(t, 1)
		a := s.node(at(1))
		for range c.tries {
			a.Greet(s.now, at(2)) // where nobody is
			s.run(interval)
		}
		_, took, ok := a.greeted(a.greetings[greetingKey{addr: at(2)}] | c.try)
		if ok != (c.want > 0) || took != c.want {
			t.Errorf("%d tries, try %d: took %v, %v; want %v", c.tries, c.try, took, ok, c.want)
		}
	}
}

// TestGreetingIsForgottenByItself: a hello that tries the direct way to a node ends without that
// of a greeting of the same node.
func TestGreetingIsForgottenByItself(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	a.Greet(s.now, at(2))
	nonce := a.greetings[greetingKey{addr: at(2)}]
	back := a.newNonce()
	a.hello(back, greeting{addr: at(2), back: true})
	a.forgetGreeting(back, a.nonces[back])
	if a.greetings[greetingKey{addr: at(2)}] != nonce || nonce == 0 {
		t.Errorf("%d became %v", nonce, a.greetings)
	}
}

// TestAnswerTook: the event has the time that the answer to the last try took, and not that
// since the first.
func TestAnswerTook(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.node(at(1)), s.node(at(2))
	s.cut = cutAll
	a.Greet(s.now, b.addr)
	s.run(time.Second)
	s.cut = nil
	for _, kind := range []EventKind{Up, Answered} {
		a.Greet(s.now, b.addr)
		s.run(time.Second)
		if e := a.saw(kind, b.addr); len(e) != 1 || e[0].Took != 2*s.delay {
			t.Errorf("%+v, want it to take %v", e, 2*s.delay)
		}
	}
	if e := b.saw(Up, a.addr); len(e) != 1 || e[0].Took != 0 {
		t.Errorf("the greeted one has %+v", e)
	}
}

// TestHailed: a hello of a node that is not known is reported when it is answered, and no
// other.
func TestHailed(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.node(at(1)), s.node(at(2))
	for range 2 {
		a.Greet(s.now, b.addr)
		s.run(time.Second)
	}
	foreign := s.node(at(3), func(i *Info) { i.Cluster = "other" })
	foreign.Greet(s.now, b.addr)
	s.run(time.Second)
	if len(b.saw(Hailed, a.addr)) != 1 || len(b.saw(Hailed, foreign.addr)) != 0 || len(a.saw(Hailed, b.addr)) != 0 {
		t.Errorf("%+v", b.events)
	}
}

// TestHellosThatWaitedAreAnsweredOnce: a node that stood still finds all tries of a greeting at
// once. One that comes later is answered, since the answer may have been lost.
func TestHellosThatWaitedAreAnsweredOnce(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	nonce := b.newNonce()
	hello := func(try uint64) []byte {
		b := header(frame.Hello, b.session, 0, 0)
		return append(binary.BigEndian.AppendUint64(b, nonce|try), "test"...)
	}
	welcomes := func() uint64 { return a.traffic.sent[slot(frame.Welcome, 0)] }
	before := welcomes()
	for try := range uint64(5) {
		a.Receive(s.now, b.addr, hello(try))
	}
	if n := welcomes() - before; n != 1 || counted(a)["hellos_answered"] != 4 {
		t.Errorf("%d answers, counted %v", n, counted(a)["hellos_answered"])
	}
	a.Receive(s.now.Add(welcomeEvery), b.addr, hello(5))
	if n := welcomes() - before; n != 2 {
		t.Errorf("%d answers in the end, want another one", n)
	}
}

// TestHellosThatCross are one handshake, also if one is lost.
func TestHellosThatCross(t *testing.T) {
	for name, c := range map[string]struct{ lost, hellos, welcomes int }{
		"none lost": {0, 2, 1}, "of the lower": {1, 4, 2}, "of the higher": {2, 2, 1},
	} {
		s := newSim(t, 1)
		a, b := s.node(at(1)), s.node(at(2))
		kinds := s.kindsSent()
		s.cut = func(_, _ netip.AddrPort) bool { return kinds[frame.Hello] == c.lost && kinds[frame.Welcome] == 0 }
		for tries := 0; tries < 3 && !a.Has(b.addr); tries++ {
			a.Greet(s.now, b.addr)
			b.Greet(s.now, a.addr)
			s.run(crossed / 2)
		}
		s.run(time.Second)
		if len(a.saw(Up, b.addr)) != 1 || len(b.saw(Up, a.addr)) != 1 || kinds[frame.Hello] != c.hellos || kinds[frame.Welcome] > c.welcomes {
			t.Errorf("%s: frames by kind: %v; want %+v; %v, %v", name, kinds, c, a.events, b.events)
		}
		s.hold()
	}
}
