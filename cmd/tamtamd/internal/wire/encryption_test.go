// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// modes are all, from open to encrypted.
var modes = []Encryption{EncryptOff, EncryptAccept, EncryptSend, EncryptRequire}

// of starts a node of a mode.
func (s *sim) of(m Encryption, a netip.AddrPort) *simNode {
	s.keys, s.mode = []Key{{1}}, m
	return s.node(a)
}

// TestModes: which modes understand each other, and what each sends. Neighbours in the
// order do, others do not, and open nothing halfway that they keep.
func TestModes(t *testing.T) {
	for i, m := range modes {
		for j, other := range modes {
			want := max(i-j, j-i) <= 1
			s := newSim(t, 1)
			a, b := s.of(m, at(1)), s.of(other, at(2))
			s.tap = func(from, _ netip.AddrPort, p []byte) {
				if sender := s.nodes[from].Encryption(); frame.IsSealed(p) != sender.Sends() {
					t.Errorf("%v to %v: %v sent kind %#x", m, other, sender, p[kindAt])
				}
			}
			for range 3 {
				a.Greet(s.now, b.addr)
				s.run(time.Second)
			}
			if have := a.Has(b.addr) && b.Has(a.addr); have != want || a.Has(b.addr) != b.Has(a.addr) {
				t.Errorf("%v, %v: have each other: %v %v, want %v", m, other, a.Has(b.addr), b.Has(a.addr), want)
			}
			d, ok := a.say(b.addr, true)
			s.run(time.Second)
			if ok != want || want && (b.got[d] != 1 || a.got["!"+d[1:]] != 1) {
				t.Errorf("%v, %v: %v, %v", m, other, b.got, a.got)
			}
			if !want && len(a.saw(Unsealed, b.addr))+len(b.saw(Unsealed, a.addr)) == 0 {
				t.Errorf("%v, %v: nobody is told why", m, other)
			}
			s.run(halfOpen)
			s.hold()
		}
	}
}

// TestModesOfBarePackets: plain Smudge is taken by nodes that send no encrypted frames.
func TestModesOfBarePackets(t *testing.T) {
	for m, want := range map[Encryption]EventKind{
		EncryptOff: Stray, EncryptAccept: Stray, EncryptSend: Unsealed, EncryptRequire: Unsealed,
	} {
		s := newSim(t, 1)
		n := s.of(m, at(1))
		// The fourth byte says nothing here: it is no frame.
		for _, b := range [][]byte{{1}, {0, 0, 0, 0x80}, append([]byte{0, 0, 0, 0x80}, make([]byte, 100)...)} {
			n.Receive(s.now, at(9), b)
			if e := n.AppendEvents(nil); len(e) != 1 || e[0].Kind != want || e[0].Addr != at(9) || e[0].Clear != (want == Unsealed) || want == Stray && !bytes.Equal(e[0].Data, b) {
				t.Errorf("%v: %+v, want kind %v", m, e, want)
			}
		}
		if dropped := counted(n)["dropped_unsealed"]; (dropped == 3) != (want == Unsealed) {
			t.Errorf("%v: %d dropped", m, dropped)
		}
	}
}

// TestModesOfAnnouncements: one is taken by the nodes that take frames of its sender.
func TestModesOfAnnouncements(t *testing.T) {
	text := []byte("\x04test: here I am")
	for _, m := range modes {
		for _, other := range modes {
			s := newSim(t, 1)
			a, b := s.of(m, at(1)), s.of(other, at(2))
			got, ok := b.Announced(a.Announce(text))
			want := other.TakesClear()
			if m.Sends() {
				want = other != EncryptOff
			}
			if have := ok && bytes.Equal(got, text); have != want {
				t.Errorf("%v to %v: %v, %q", m, other, ok, got)
			}
		}
	}
}

// TestModesByRestart: a cluster becomes an encrypted one, node by node, by restarts. Each
// restarted node is soon known to all again, and nobody loses another.
func TestModesByRestart(t *testing.T) {
	for _, loss := range []float64{0, 0.2} {
		s := newSim(t, 1)
		s.loss = loss
		for i := range 4 {
			s.of(EncryptOff, at(i+1))
		}
		mesh(s)
		for _, m := range modes[1:] {
			for _, a := range s.addresses() {
				s.of(m, a)
				mesh(s)
				s.askAll(t)
			}
		}
		s.hold()
	}
}

// TestModesWhileRunning: the same without restarts, from the first step that needs none. No
// session ends, nothing is lost, no nonce is used for two frames.
func TestModesWhileRunning(t *testing.T) {
	for _, loss := range []float64{0, 0.2} {
		s := newSim(t, 1)
		s.loss = loss
		for i := range 4 {
			s.of(EncryptAccept, at(i+1))
		}
		mesh(s)
		frames := map[[16]byte][]byte{}
		s.tap = func(_, _ netip.AddrPort, b []byte) {
			if !frame.IsSealed(b) {
				return
			}
			id := [16]byte(slices.Concat(b[sessionAt:sessionAt+8], b[counterAt:counterAt+8]))
			if before, again := frames[id]; again && !bytes.Equal(before, b) {
				t.Error("two frames have the same nonce")
			}
			frames[id] = b
		}
		for _, m := range []Encryption{EncryptSend, EncryptRequire, EncryptSend, EncryptAccept} {
			for _, a := range s.addresses() {
				s.nodes[a].SetEncryption(s.now, m)
				s.askAll(t)
			}
		}
		s.hold()
		for _, a := range s.addresses() {
			n := s.nodes[a]
			notOnce := func(b netip.AddrPort) bool { return b != a && len(n.saw(Up, b)) != 1 }
			if len(n.peers) != 3 || counted(n)["sessions_reopened"] != 0 || slices.ContainsFunc(s.addresses(), notOnce) {
				t.Errorf("loss %v: %s: %d peers, counted %v", loss, a, len(n.peers), counted(n))
			}
		}
	}
}

// askAll has each node ask each other a question, and waits for the answers.
func (s *sim) askAll(t *testing.T) {
	t.Helper()
	want := map[string][2]*simNode{}
	for _, a := range s.addresses() {
		s.nodes[a].next = s.sent // a node that was restarted does not repeat itself
		for _, b := range s.addresses() {
			if a == b {
				continue
			}
			d, ok := s.nodes[a].say(b, true)
			if !ok {
				t.Fatalf("%s has no session with %s", a, b)
			}
			want[d] = [2]*simNode{s.nodes[a], s.nodes[b]}
		}
	}
	s.run(2 * time.Second)
	for d, n := range want {
		if n[1].got[d] != 1 || n[0].got["!"+d[1:]] != 1 {
			t.Fatalf("%s (%v) to %s (%v): %q arrived %d times", n[0].addr, n[0].Encryption(), n[1].addr, n[1].Encryption(), d, n[1].got[d])
		}
	}
}

// TestOffIsFixed: whether a node has keys does not change while it runs.
func TestOffIsFixed(t *testing.T) {
	s := newSim(t, 1)
	off, on := s.of(EncryptOff, at(1)), s.of(EncryptAccept, at(2))
	s.keys = nil
	none := s.node(at(3))
	off.SetEncryption(s.now, EncryptRequire)
	none.SetEncryption(s.now, EncryptAccept)
	on.SetEncryption(s.now, EncryptOff)
	off.SetKeys(s.now, []Key{{2}})
	for n, want := range map[*simNode]Encryption{off: EncryptOff, none: EncryptOff, on: EncryptAccept} {
		if n.Encryption() != want || (n.sealer == nil) != (want == EncryptOff) {
			t.Errorf("%s: %v, want %v", n.addr, n.Encryption(), want)
		}
	}
}

// TestClearFramesProveNothing: a node that takes what is not encrypted keeps to the rules of
// an open cluster. Nobody speaks in a session in clear without its connection ID, gets the
// address of a member, or opens a session again by a replay; and a hello in clear is
// answered by 16 bytes more than it brought at most.
func TestClearFramesProveNothing(t *testing.T) {
	for _, m := range []Encryption{EncryptAccept, EncryptSend} {
		s := newSim(t, 1)
		s.keys, s.mode = []Key{{1}}, m
		a, b := s.pair()
		thief := s.of(EncryptAccept, at(66))
		thief.cfg.Info.Addr = b.addr
		for range 3 {
			thief.Greet(s.now, a.addr)
			s.run(time.Second)
		}
		before := mark(a)
		for i := range 1000 {
			h := header(frame.Data, b.session, s.r.Uint64(), b.peers[a.addr].counter+uint64(i)+1)
			a.Receive(s.now, b.addr, append(h, ".forged"...))
		}
		a.take()
		if p := a.peers[b.addr]; p == nil || p.session != b.session || len(a.peers) != 1 || len(a.saw(Up, b.addr)) != 1 || mark(a)[3] != before[3] {
			t.Errorf("%v: saw %v, %v", m, a.events, a.got)
		}
		if n := counted(a); n["dropped_unknown_session"] != 1000 || n["frames_taken_clear"] < 1000 {
			t.Errorf("%v: counted %v", m, n)
		}
		in, out := 0, 0
		s.tap = func(_, _ netip.AddrPort, b []byte) { out += len(b) }
		for i := range 1000 {
			h := append(binary.BigEndian.AppendUint64(header(frame.Hello, uint64(i)+1, 0, 0), uint64(i)), "test"...)
			in += len(h)
			a.Receive(s.now, at(77), h)
		}
		if out == 0 || out > in+1000*frame.SealSize || len(a.peers) != 1 {
			t.Errorf("%v: %d bytes out for %d in", m, out, in)
		}
	}
}

// TestRelaysInClear: while clear frames are taken, relays are trusted as in an open cluster.
func TestRelaysInClear(t *testing.T) {
	defer func() { simKeys, simMode = nil, EncryptRequire }()
	simKeys, simMode = []Key{{1}}, EncryptAccept
	t.Run("take over nothing", TestRelayTakesOverNothing)
	t.Run("give way", TestDirectProofWins)
	t.Run("invent few", TestInventedNodesAreBounded)
}

// TestForgedInClear: who is required to encrypt is not heard in clear, though it knows all
// that a frame in clear must have.
func TestForgedInClear(t *testing.T) {
	s := newSim(t, 1)
	s.keys = []Key{{1}}
	a, b := s.pair()
	b.cfg.Encryption = EncryptAccept // it encrypts no more
	d, _ := b.say(a.addr, false)
	s.run(time.Second)
	if e := a.saw(Unsealed, b.addr); a.got[d] != 0 || counted(a)["dropped_unsealed"] == 0 || len(e) == 0 || !e[0].Clear {
		t.Errorf("%q was taken: %v", d, counted(a))
	}
}
