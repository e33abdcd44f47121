// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

func TestStrangerIsAnsweredAndGreetedNotHeard(t *testing.T) {
	inWorld(t, func(w *world) {
		w.gossip(alice, 7, datagram.Entry{Status: datagram.Alive, Addr: bob})
		sent := w.take()
		if got := verbs(sent, alice); !slices.Equal(got, []datagram.Verb{datagram.Ack, datagram.Ping}) {
			t.Errorf("sent %v, want an ACK and a greeting", got)
		}
		for _, p := range sent {
			if len(p.b) != datagram.HeaderSize {
				t.Errorf("sent %d bytes to a stranger", len(p.b))
			}
		}
		if len(w.delivered) > 0 || len(verbs(sent, bob)) > 0 || w.status(alice) != 0 {
			t.Error("a stranger was heard")
		}
	})
}

func TestAnswerToGreetingAdmits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.reachable[alice] = true
		w.ping(alice, 7)
		w.take()
		if w.status(alice) != member.Alive || !slices.Equal(w.added, []netip.AddrPort{alice}) {
			t.Errorf("status %v, added %v", w.status(alice), w.added)
		}
		// Smudge hears the answer, so that it knows of no older news.
		if len(w.delivered) != 1 || w.delivered[0].verb != datagram.Ack {
			t.Errorf("delivered %v", w.delivered)
		}
	})
}

func TestQuestionMakesNoCandidate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.receive(alice, datagram.AppendBare(nil, datagram.NFPing, alice.Port(), 1))
		if got := verbs(w.take(), alice); !slices.Equal(got, []datagram.Verb{datagram.Ack}) {
			t.Errorf("sent %v, want an ACK alone", got)
		}
	})
}

func TestForgedAnswerDoesNotAdmit(t *testing.T) {
	inWorld(t, func(w *world) {
		w.ping(alice, 1)
		d, _ := datagram.Parse(w.take()[1].b, datagram.IPv4)
		w.receive(alice, datagram.AppendBare(nil, datagram.Ack, alice.Port(), d.Heartbeat()+1))
		w.receive(bob, datagram.AppendBare(nil, datagram.Ack, bob.Port(), d.Heartbeat()))
		w.take()
		if w.status(alice) != 0 || w.status(bob) != 0 {
			t.Error("a forged answer admits")
		}
	})
}

func TestHearsayIsGreeted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		dead := netip.MustParseAddrPort("192.0.2.4:9999")
		w.gossip(alice, 1,
			datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1},
			datagram.Entry{Status: datagram.Dead, Addr: dead, Heartbeat: 1})
		sent := w.take()
		if got := verbs(sent, bob); !slices.Equal(got, []datagram.Verb{datagram.Ping}) {
			t.Errorf("sent %v to one said to be alive", got)
		}
		if got := verbs(sent, dead); got != nil {
			t.Errorf("sent %v to one said to be dead", got)
		}
		if w.status(bob) != 0 || len(w.delivered) != 1 || len(w.delivered[0].entries) != 0 {
			t.Errorf("hearsay is membership: %v", w.delivered)
		}
		w.mu.Lock()
		w.reachable[bob] = true
		w.mu.Unlock()
		time.Sleep(admission.Patience) // a later greeting is answered
		if w.take(); w.status(bob) != member.Alive {
			t.Error("it answered and is no member")
		}
	})
}

func TestNobodySpeaksAboutUsOrAsUs(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Suspected, Addr: self, Heartbeat: 1})
		w.ping(self, 1)
		if got := w.take(); len(got) != 0 {
			t.Errorf("answered %v", got)
		}
		if len(w.delivered) != 1 || len(w.delivered[0].entries) != 0 {
			t.Errorf("delivered %v", w.delivered)
		}
		if c := w.counted(); c["dropped_self"] != 1 || c["stripped_about_self"] != 1 {
			t.Errorf("counted %v", c)
		}
	})
}

// TestForgedDeath: the one datagram that bans a member from a plain Smudge
// cluster for good does nothing here.
func TestForgedDeath(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.member(bob)
		time.Sleep(time.Minute) // bob has not been heard of lately
		for _, h := range []uint32{0xFFFFFFF0, 1 << 31, 100_000, 500} {
			w.gossip(alice, 1, datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: h})
		}
		for _, d := range w.delivered {
			if len(d.entries) > 0 {
				t.Errorf("delivered %v", d.entries)
			}
		}
		// An honest one is heard.
		w.gossip(alice, 2, datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 2})
		if d := w.delivered[len(w.delivered)-1]; len(d.entries) != 1 {
			t.Error("an honest death is not delivered")
		}
	})
}

func TestEvidenceBeforeHearsay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.member(bob)
		death := datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1}
		w.ping(bob, 1)
		w.gossip(alice, 1, death)
		if d := w.delivered[len(w.delivered)-1]; len(d.entries) != 0 {
			t.Error("heard a moment ago, and believed to be dead")
		}
		time.Sleep(evidenceBeats * w.Heartbeat())
		w.gossip(alice, 1, death)
		if d := w.delivered[len(w.delivered)-1]; len(d.entries) != 1 {
			t.Error("the death is denied for too long")
		}
	})
}

func TestDeadMemberThatSpeaksBeginsANewLife(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.OnStatus(alice, datagram.Dead)
		w.ping(alice, 1)
		w.take()
		if w.status(alice) != member.Alive {
			t.Errorf("status %v", w.status(alice))
		}
		if !slices.Equal(w.removed, []netip.AddrPort{alice}) || !slices.Equal(w.added, []netip.AddrPort{alice}) {
			t.Errorf("removed %v, added %v", w.removed, w.added)
		}
	})
}

// TestFarClockNeedsProof: a member whose clock leaps is heard only when it has
// answered, and not taken for unreachable meanwhile.
func TestFarClockNeedsProof(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.ping(alice, 1) // uses up the proof of its admission
		w.delivered = nil
		w.mu.Lock()
		w.reachable[alice] = false
		w.mu.Unlock()

		w.ping(alice, 1_000_000)
		sent := w.take()
		if got := verbs(sent, alice); !slices.Equal(got, []datagram.Verb{datagram.Ack, datagram.Ping}) {
			t.Fatalf("sent %v, want an ACK and a greeting", got)
		}
		if len(w.delivered) != 0 || w.clock.Now() > 1000 {
			t.Errorf("delivered %v, clock %d", w.delivered, w.clock.Now())
		}
		d, _ := datagram.Parse(sent[1].b, datagram.IPv4)
		w.receive(alice, datagram.AppendBare(nil, datagram.Ack, alice.Port(), d.Heartbeat()))
		w.ping(alice, 1_000_001)
		if w.clock.Now() != 1_000_001 || len(w.removed) != 0 {
			t.Errorf("clock %d, removed %v", w.clock.Now(), w.removed)
		}
	})
}

func TestTargetMustBeAMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.receive(alice, datagram.Compose(datagram.IPv4, datagram.PingReq, alice.Port(), 1,
			[]datagram.Entry{datagram.Target(bob, 1)}))
		if len(w.delivered) != 0 || w.counted()["dropped_unknown_target"] != 1 {
			t.Errorf("delivered %v, counted %v", w.delivered, w.counted())
		}
		w.member(bob)
		w.receive(alice, datagram.Compose(datagram.IPv4, datagram.PingReq, alice.Port(), 1,
			[]datagram.Entry{datagram.Target(bob, 1)}))
		if len(w.delivered) != 1 {
			t.Errorf("delivered %v", w.delivered)
		}
	})
}

func TestBroadcastIsTakenOff(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		for _, b := range []datagram.Broadcast{
			{Origin: bob, Index: 0, Payload: nil},
			{Origin: self, Index: 1, Payload: []byte("ours")},
			{Origin: bob, Index: 2, Payload: make([]byte, 257)},
			{Origin: bob, Index: 3, Payload: []byte("hi")},
		} {
			w.receive(alice, datagram.AppendBroadcast(nil, datagram.IPv4, alice.Port(), b))
		}
		w.receive(bob, datagram.AppendBroadcast(nil, datagram.IPv4, bob.Port(), datagram.Broadcast{Origin: bob, Index: 4}))
		want := []string{alice.String() + " " + bob.String() + " ", alice.String() + " " + bob.String() + " hi"}
		if !slices.Equal(w.broadcasts, want) {
			t.Errorf("got %q, want %q", w.broadcasts, want)
		}
		// The rest of each datagram is heard, an oversize broadcast or not.
		if len(w.delivered) != 4 || w.counted()["dropped_broadcast_size"] != 1 {
			t.Errorf("%d delivered, counted %v", len(w.delivered), w.counted())
		}
	})
}

// TestFloodOfStrangers: forged addresses fill no table, and what is sent is no
// more than what came in.
func TestFloodOfStrangers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		in := 0
		for i := range 20_000 {
			from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
			b := datagram.AppendBare(nil, datagram.Ping, from.Port(), 1)
			w.receive(from, b)
			in += len(b)
			if i%500 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		out := 0
		for _, p := range w.take() {
			out += len(p.b)
		}
		if out > in {
			t.Errorf("%d bytes in made %d bytes go out", in, out)
		}
		if n := w.candidate.Len(); n > admission.MaxCandidates {
			t.Errorf("%d candidates", n)
		}
		if members, _ := w.table.List(); len(members) != 2 {
			t.Errorf("%d members", len(members))
		}
		time.Sleep(time.Minute)
		if w.take(); w.candidate.Len() != 0 {
			t.Errorf("%d candidates a minute later", w.candidate.Len())
		}
	})
}

func TestFaultsAreCountedByReason(t *testing.T) {
	inWorld(t, func(w *world) {
		w.receive(alice, []byte{1, 2, 3})
		w.receive(alice, make([]byte, 20))
		w.Receive(netip.MustParseAddrPort("[2001:db8::1]:1"), datagram.AppendBare(nil, datagram.Ping, 1, 1))
		w.Receive(netip.MustParseAddrPort("224.0.0.1:1"), datagram.AppendBare(nil, datagram.Ping, 1, 1))
		if len(w.take()) != 0 {
			t.Error("something was sent")
		}
		counted := w.counted()
		for reason, want := range map[string]uint64{"size": 1, "checksum": 1, "source": 2} {
			if got := counted["dropped_"+reason]; got != want {
				t.Errorf("dropped for %s: %d, want %d", reason, got, want)
			}
		}
	})
}
