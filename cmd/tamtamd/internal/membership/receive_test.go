// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// TestStrangersPingIsAnsweredByAPing of the same size, and nothing it says is heard.
func TestStrangersPingIsAnsweredByAPing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.stray(alice, datagram.Compose(datagram.IPv4, datagram.Ping, alice.Port(), 7,
			[]datagram.Entry{{Status: datagram.Alive, Addr: bob}}))
		sent := w.lasts(time.Minute) // nothing more comes of it
		if got := verbs(sent, "bare", alice); !slices.Equal(got, []datagram.Verb{datagram.Ping}) || len(sent) != 1 {
			t.Fatalf("sent %+v, want a ping alone", sent)
		}
		if len(sent[0].b) != datagram.HeaderSize {
			t.Errorf("sent %d bytes to a stranger", len(sent[0].b))
		}
		w.want(alice, 0)
		if len(w.noted().delivered) > 0 {
			t.Error("a stranger was heard")
		}
	})
}

// TestAnswerToThePingAdmits the stranger, as a plain member.
func TestAnswerToThePingAdmits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plain(alice)
		w.bareFrom(alice, datagram.Ping, 7)
		w.want(alice, member.Alive)
		if m, _ := w.table.Get(alice); !m.Plain() || !slices.Equal(w.noted().added, []netip.AddrPort{alice}) {
			t.Errorf("it is %+v, added %v", m, w.noted().added)
		}
		// Smudge hears the answer, so that it knows of no older news.
		if len(w.noted().delivered) != 1 || w.noted().delivered[0].verb != datagram.Ack {
			t.Errorf("delivered %v", w.noted().delivered)
		}
	})
}

func TestForgedAnswerDoesNotAdmit(t *testing.T) {
	inWorld(t, func(w *world) {
		w.bareFrom(alice, datagram.Ping, 1)
		d, _ := datagram.Parse(w.take()[0].b, datagram.IPv4)
		w.bareFrom(alice, datagram.Ack, d.Heartbeat()+1)
		w.bareFrom(bob, datagram.Ack, d.Heartbeat())
		w.want(alice, 0)
		w.want(bob, 0)
	})
}

// TestPlainNodeIsFoundByJoin: it does not answer hellos, and is pinged as well.
func TestPlainNodeIsFoundByJoin(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plainMember(alice)
		w.want(alice, member.Alive)
		if m, _ := w.table.Get(alice); !m.Plain() {
			t.Errorf("it is %+v", m)
		}
	})
}

// TestQuestionMakesNoCandidate: an NFPing asks whether we are there, and no more.
func TestQuestionMakesNoCandidate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.bareFrom(alice, datagram.NFPing, 1)
		if got := verbs(w.take(), "bare", alice); !slices.Equal(got, []datagram.Verb{datagram.Ack}) || w.candidates.Len() != 0 {
			t.Errorf("sent %v, want an ACK alone", got)
		}
	})
}

func TestPingReqOfAStrangerDoesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(bob)
		w.stray(alice, datagram.Compose(datagram.IPv4, datagram.PingReq, alice.Port(), 1, []datagram.Entry{datagram.Target(bob, 1)}))
		if sent := w.take(); len(sent) != 0 || len(w.noted().delivered) != 0 || w.candidates.Len() != 0 {
			t.Errorf("sent %+v, delivered %v", sent, w.noted().delivered)
		}
	})
}

// TestNobodySpeaksForASession: anybody can send a bare datagram.
func TestNobodySpeaksForASession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		for _, v := range []datagram.Verb{datagram.Ping, datagram.Ack, datagram.NFPing} {
			w.bareFrom(alice, v, 1)
		}
		if sent := w.take(); len(sent) != 0 || len(w.noted().delivered) != 0 || w.counted()["dropped_bare_from_member"] != 3 {
			t.Errorf("sent %+v, delivered %v", sent, w.noted().delivered)
		}
	})
}

func TestPlainMemberIsHeardAndAnswered(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plainMember(alice)
		w.bareFrom(alice, datagram.Ping, 1)
		if len(w.noted().delivered) != 1 || w.noted().delivered[0].from != alice {
			t.Errorf("delivered %v", w.noted().delivered)
		}
		ack, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ack, self.Port(), 1), datagram.IPv4)
		w.engineSends(alice, ack)
		if sent := w.take(); len(of(sent, "bare", alice)) != 1 || len(of(sent, "data", alice)) != 0 {
			t.Errorf("sent %+v", sent)
		}
	})
}

// TestDeadPlainMemberThatSpeaks proves itself as a stranger does, and begins a new
// life.
func TestDeadPlainMemberThatSpeaks(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plainMember(alice)
		w.member(bob)
		w.dead(alice)
		w.sleep(20 * time.Second)
		w.forgetAll()
		w.plain(alice)
		w.bareFrom(alice, datagram.Ping, 1)
		w.sleep(admission.AnswerTime)
		w.want(alice, member.Alive)
		if !slices.Equal(w.noted().removed, []netip.AddrPort{alice}) || !slices.Equal(w.noted().added, []netip.AddrPort{alice}) {
			t.Errorf("removed %v, added %v", w.noted().removed, w.noted().added)
		}
	})
}

func TestEngineSpeaksBySession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		ping, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ping, self.Port(), 9), datagram.IPv4)
		ack, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ack, self.Port(), 1), datagram.IPv4)
		w.engineSends(alice, ping)
		w.engineSends(alice, ack)
		w.engineSends(bob, ping) // who is no member
		sent := w.take()
		if got := of(sent, "data", alice); len(got) != 2 || got[0].answer || !got[1].answer || len(sent) != 2 {
			t.Errorf("sent %+v", sent)
		}
		if w.clock.Now() != 9 {
			t.Errorf("our own clock is taken for %d", w.clock.Now())
		}

		clear(w.open) // the transport has retired it

		w.engineSends(alice, ping)
		if w.take(); w.counted()["unsent_without_session"] != 1 {
			t.Errorf("counted %v", w.counted())
		}
	})
}

// TestFarClockNeedsProof: a member whose clock leaps is heard only when it has
// answered, and not taken for unreachable meanwhile.
func TestFarClockNeedsProof(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.ping(alice, 1) // uses up the proof of its admission
		w.forgetAll()
		h := w.hosts[alice]
		w.dies(alice)

		w.ping(alice, 1_000_000)
		sent := w.take()
		if got := verbs(sent, "data", alice); !slices.Equal(got, []datagram.Verb{datagram.Ack}) || len(of(sent, "greet", alice)) != 1 {
			t.Fatalf("sent %+v, want an ACK and a greeting", sent)
		}
		if len(w.noted().delivered) != 0 || w.clock.Now() > 1000 {
			t.Errorf("delivered %v, clock %d", w.noted().delivered, w.clock.Now())
		}

		w.hosts[alice] = h

		w.ping(alice, 1_000_000) // the greeting is answered
		w.settle()
		w.ping(alice, 1_000_001)
		if w.clock.Now() != 1_000_001 || len(w.noted().removed) != 0 {
			t.Errorf("clock %d, removed %v", w.clock.Now(), w.noted().removed)
		}
	})
}

// TestFarClockOfAPlainMember is proven by the answer to a ping.
func TestFarClockOfAPlainMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plainMember(alice)
		w.bareFrom(alice, datagram.Ping, 1)
		w.sleep(time.Minute)
		w.forgetAll()
		w.bareFrom(alice, datagram.Ping, 1_000_000)
		if got := verbs(w.take(), "bare", alice); !slices.Contains(got, datagram.Ack) || len(w.noted().delivered) != 0 {
			t.Errorf("sent %v, delivered %v", got, w.noted().delivered)
		}
		w.sleep(admission.AnswerTime)
		w.bareFrom(alice, datagram.Ping, 1_000_000)
		if w.clock.Now() != 1_000_000 || len(w.noted().removed) != 0 {
			t.Errorf("clock %d, removed %v", w.clock.Now(), w.noted().removed)
		}
	})
}

func TestFaultsAreCountedByReason(t *testing.T) {
	inWorld(t, func(w *world) {
		w.stray(alice, []byte{1, 2, 3})
		w.stray(alice, make([]byte, 20))
		w.stray(netip.MustParseAddrPort("[2001:db8::1]:1"), datagram.AppendBare(nil, datagram.Ping, 1, 1))
		w.stray(netip.MustParseAddrPort("224.0.0.1:1"), datagram.AppendBare(nil, datagram.Ping, 1, 1))
		w.bareFrom(self, datagram.Ping, 1)
		w.data(alice, []byte{1, 2, 3}) // of a session, too
		if sent := w.take(); len(sent) != 0 {
			t.Errorf("sent %+v", sent)
		}
		counted := w.counted()
		for reason, want := range map[string]uint64{"size": 2, "checksum": 1, "source": 2, "self": 1} {
			if got := counted["dropped_"+reason]; got != want {
				t.Errorf("dropped for %s: %d, want %d", reason, got, want)
			}
		}
	})
}

func TestBroadcastIsTakenOff(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.plainMember(carol)
		w.forgetAll()
		for _, b := range []datagram.Broadcast{
			{Origin: bob, Index: 0, Payload: nil},
			{Origin: self, Index: 1, Payload: []byte("ours")},
			{Origin: bob, Index: 2, Payload: make([]byte, 257)},
			{Origin: bob, Index: 3, Payload: []byte("hi")},
		} {
			w.data(alice, datagram.AppendBroadcast(nil, datagram.IPv4, alice.Port(), b))
		}
		from := func(a netip.AddrPort) []byte {
			return datagram.AppendBroadcast(nil, datagram.IPv4, a.Port(), datagram.Broadcast{Origin: bob, Index: 4, Payload: []byte("old")})
		}
		w.stray(carol, from(carol))
		w.data(bob, from(bob)) // strangers, both
		w.stray(dave, from(dave))
		want := []string{alice.String() + " " + bob.String() + " ", alice.String() + " " + bob.String() + " hi", carol.String() + " " + bob.String() + " old"}
		if !slices.Equal(w.broadcasts, want) {
			t.Errorf("got %q, want %q", w.broadcasts, want)
		}
		// The rest of each datagram is heard, an oversize broadcast or not.
		if len(w.noted().delivered) != 5 || w.counted()["dropped_broadcast_size"] != 1 {
			t.Errorf("%d delivered, counted %v", len(w.noted().delivered), w.counted())
		}
	})
}
