// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// old makes a node as one of the version before there were shares.
func old(n *simNode) *simNode {
	n.private = nil
	return n
}

// TestForwardSecrecy: who has captured all, and learns the key of the cluster, decrypts what
// opened the sessions and nothing that was said in them. That holds through losses, restarts
// and sessions that are opened again.
func TestForwardSecrecy(t *testing.T) {
	for _, loss := range []float64{0, 0.3} {
		s := newSim(t, 1)
		s.keys, s.loss = []Key{{1}}, loss
		var captured [][]byte
		s.tap = func(_, _ netip.AddrPort, b []byte) { captured = append(captured, b) }
		for i := range 4 {
			s.node(at(i + 1))
		}
		mesh(s)
		s.askAll(t)
		s.node(at(2))
		mesh(s)
		s.askAll(t)
		a := s.nodes[at(1)]
		s.nodes[at(3)].drop(s.nodes[at(3)].peers[a.addr]) // it forgets
		mesh(s)
		s.askAll(t)
		a.SetProfile(s.now, "a new profile")
		s.run(5 * time.Second)
		s.hold()

		spy := frame.NewSealer(s.keys, 66)
		opened, closed := 0, 0
		for _, b := range captured {
			k, _ := frame.KindOf(b)
			clear, ok := spy.Open(b)
			if ok == k.Paired() {
				t.Fatalf("loss %v: a frame of kind %#x is decrypted: %v", loss, k, ok)
			}
			if ok && (bytes.Contains(clear, []byte("from ")) || bytes.Contains(clear, []byte("a new"))) {
				t.Errorf("loss %v: what was said: %q", loss, clear)
			}
			if ok {
				opened++
			} else {
				closed++
			}
		}
		if opened < 30 || closed < 80 {
			t.Errorf("loss %v: %d frames are decrypted, %d are not", loss, opened, closed)
		}
		for _, addr := range s.addresses() {
			n := s.nodes[addr]
			if paired := counted(n)["sessions_paired"]; paired != 3 {
				t.Errorf("loss %v: %s has %d pairs", loss, addr, paired)
			}
			// Nobody reports keys that differ, if frames are lost or late.
			if slices.ContainsFunc(n.events, func(e Event) bool { return e.Kind == Unsealed }) {
				t.Errorf("loss %v: %s saw what it cannot decrypt: %v", loss, addr, counted(n))
			}
		}
	}
}

// TestRelayDoesNotRead: a member that passes on the frames of a session cannot decrypt them
// with the key that it has, too.
func TestRelayDoesNotRead(t *testing.T) {
	s := newSim(t, 1)
	s.keys = []Key{{1}}
	a, b, relay := s.bent()
	passed := 0
	s.tap = func(from, to netip.AddrPort, p []byte) {
		if from != a.addr || to != relay.addr {
			return
		}
		clear, ok := relay.sealer.OpenPair(relay.peers[a.addr].pair, p)
		if !ok {
			t.Fatalf("it is not for the relay: kind %#x", p[kindAt])
		}
		f, _ := frame.Parse(clear)
		if _, inner, ok := frame.ParseRelay(f.Payload); ok && f.Kind == frame.Relay {
			inner = bytes.Clone(inner)
			if k, _ := frame.KindOf(inner); k.Paired() {
				if _, ok := relay.sealer.Open(inner); ok {
					t.Errorf("the relay decrypts kind %#x", k)
				}
				passed++
			}
		}
	}
	for range 10 {
		s.talk(a, b, 100*time.Millisecond)
	}
	if passed < 10 {
		t.Errorf("%d frames were passed on", passed)
	}
}

// TestPairsOfOldNodes: with a node of an earlier version there is no pair, and all goes on as
// before there were any, whichever node opens the session.
func TestPairsOfOldNodes(t *testing.T) {
	for _, loss := range []float64{0, 0.3} {
		s := newSim(t, 1)
		s.keys, s.loss = []Key{{1}, {2}}, loss
		for i := range 4 {
			if n := s.node(at(i + 1)); i < 2 {
				old(n)
			}
		}
		mesh(s)
		s.askAll(t)
		for i, want := range []uint64{0, 0, 1, 1} {
			if have := counted(s.nodes[at(i+1)])["sessions_paired"]; have != want {
				t.Errorf("%s has %d pairs, want %d", at(i+1), have, want)
			}
		}
		for _, a := range s.addresses() {
			s.nodes[a].SetKeys(s.now, []Key{{2}, {1}})
			s.askAll(t)
		}
		// They are upgraded, and one goes back.
		s.keys = []Key{{2}}
		for _, up := range []func(){func() { s.node(at(1)) }, func() { s.node(at(2)) }, func() { old(s.node(at(3))) }} {
			up()
			mesh(s)
			s.askAll(t)
		}
		s.hold()
		for i, want := range []uint64{2, 2, 0, 2} {
			if have := counted(s.nodes[at(i+1)])["sessions_paired"]; have != want {
				t.Errorf("%s has %d pairs, want %d", at(i+1), have, want)
			}
		}
	}
}

// TestPairsOfModes: nodes that stop encrypting and begin again keep their sessions. A session
// that was opened in clear has no pair.
func TestPairsOfModes(t *testing.T) {
	for _, loss := range []float64{0, 0.2} {
		s := newSim(t, 1)
		s.loss = loss
		for i, m := range []Encryption{EncryptSend, EncryptSend, EncryptAccept} {
			s.of(m, at(i+1))
		}
		mesh(s)
		for _, m := range []Encryption{EncryptSend, EncryptAccept, EncryptSend, EncryptRequire} {
			for _, a := range s.addresses() {
				s.nodes[a].SetEncryption(s.now, m)
				s.askAll(t)
			}
		}
		s.hold()
		for i, want := range []uint64{1, 1, 0} {
			if n := counted(s.nodes[at(i+1)]); n["sessions_paired"] != want || n["sessions_reopened"] != 0 {
				t.Errorf("loss %v: %s: %v, want %d pairs", loss, at(i+1), n, want)
			}
		}
	}
}

// TestPairThatDiffers: two nodes whose ends of a pair differ, or of which one has none, open
// their session again, if either of them sends.
func TestPairThatDiffers(t *testing.T) {
	for name, spoil := range map[string]func(p, stranger *peer){
		"one has none":  func(p, _ *peer) { p.pair, p.share = nil, "" },
		"one has other": func(p, stranger *peer) { p.pair, p.share = stranger.pair, stranger.share },
	} {
		for sender := range 2 {
			s := newSim(t, 1)
			s.keys = []Key{{1}}
			a, b := s.pair()
			s.node(at(3))
			mesh(s)
			spoil(a.peers[b.addr], a.peers[at(3)])
			n := []*simNode{a, b}
			n[sender].say(n[1-sender].addr, false)
			s.run(5 * time.Second)
			s.askAll(t)
			s.hold()
			if counted(a)["sessions_paired"] != 2 || counted(b)["sessions_paired"] != 2 || counted(n[sender])["sessions_reopened"] != 1 {
				t.Errorf("%s: %v, %v", name, counted(a), counted(b))
			}
		}
	}
}

// TestExtensions: those of later versions are passed over, and none breaks an info.
func TestExtensions(t *testing.T) {
	o := opening{id: 1, number: 2, share: string(bytes.Repeat([]byte{7}, frame.ShareSize)), short: true, renews: true, spares: true}
	b := appendInfo(nil, o, Info{Addr: at(1), Cluster: "test"})
	if largest := appendInfo(nil, o, Info{at(1), string(make([]byte, MaxCluster)), string(make([]byte, MaxProfile))}); len(largest) > frame.MaxSize-frame.HeaderSize-frame.SealSize {
		t.Errorf("the largest info takes %d bytes", len(largest))
	}
	bare := appendInfo(nil, opening{id: 1, number: 2}, Info{Addr: at(1), Cluster: "test"})
	bare = bare[:len(bare)-alwaysThere] // without the extensions that are always there
	for i := len(bare); i < len(b)-2-alwaysThere; i++ {
		if have, _, ok := parseInfo(b[:i]); !ok || have.share != "" {
			t.Errorf("cut to %d: %v, %+v", i, ok, have)
		}
	}
	for _, later := range [][]byte{{6, 0}, {5, 3, 1, 1, 1}, {0, 0, 255, 1, 0}} {
		text := slices.Concat(bare, later, b[len(bare):], later)
		if have, _, ok := parseInfo(text); !ok || have != o {
			t.Errorf("after %v: %v, %+v", later, ok, have)
		}
	}
}
