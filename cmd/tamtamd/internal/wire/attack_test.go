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
	if len(a.peers) != 1 || len(a.saw(Up, b.addr)) != 1 || counted(a)["claims_greeted"] == 0 {
		t.Errorf("saw %v, counted %v", a.events, counted(a))
	}
	k := a.saw(Contested, b.addr)
	if len(k) == 0 || k[0].At != thief.addr || k[0].Source != b.addr {
		t.Errorf("conflicts %+v", k)
	}
	if n := len(a.saw(Contested, at(68))); n != 0 {
		t.Errorf("%d conflicts about an address that nobody has", n)
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

// TestClaimsAreAnsweredSlowly: infos in the name of a session that come from elsewhere make
// little traffic for the node of the session, however many there are.
func TestClaimsAreAnsweredSlowly(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	s.run(time.Second)
	thief := s.node(at(66), func(i *Info) { i.Addr = b.addr })
	thief.Core.session = b.session // sealed, it has the key of the session, too
	thief.SetKeys(s.now, s.keys)
	sent := 0
	s.tap = func(from, to netip.AddrPort, _ []byte) {
		if from == a.addr && to == b.addr {
			sent++
		}
	}
	for range 100 {
		if p := thief.peers[a.addr]; p != nil {
			thief.drop(p) // so that it makes another opening
		}
		thief.Greet(s.now, a.addr)
		s.run(10 * time.Millisecond)
	}
	m := counted(a)
	if sent < 5 || sent > 20 || m["claims_challenged"] > 11 || m["claims_ignored"] < 20 {
		t.Errorf("%d packets in a second, counted %v", sent, m)
	}
	d, _ := a.say(b.addr, false)
	if s.run(time.Second); b.got[d] != 1 {
		t.Error("the session is spoilt")
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
	a.Send(s.now, b.addr, lasting, nil, 0)
	s.run(time.Second)
	delete(s.nodes, a.addr)
	s.run(2 * cookieLife)
	ups := len(b.saw(Up, a.addr))
	replay()
	if len(b.saw(Up, a.addr)) != ups || counted(b)["dropped_bad_cookie"] == 0 {
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
		h := header(frame.Hello, uint64(i)+1, 0, 0)
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
	if len(a.peers) != MaxPeersPerIP+1 || !a.Has(b.addr) || counted(a)["refused_sessions"] == 0 {
		t.Errorf("%d peers, counted %v", len(a.peers), counted(a))
	}
}
