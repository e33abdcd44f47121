// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"net/netip"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// TestOwnFindingIsAnnounced: to all live members with a session, in Smudge's words,
// and not twice.
func TestOwnFindingIsAnnounced(t *testing.T) {
	for _, s := range []datagram.Status{datagram.Suspected, datagram.Dead} {
		inWorld(t, func(w *world) {
			w.member(alice, bob, carol)
			w.plainMember(dave)
			w.dies(bob)
			w.status(bob, s, self)
			prompts := w.noted().delivered
			// Smudge is made to send a datagram to somebody else.
			if len(prompts) != 1 || prompts[0].from == bob || prompts[0].verb != datagram.Ping || prompts[0].entries != nil {
				t.Fatalf("prompted by %+v", prompts)
			}
			w.take()
			entry := datagram.Entry{Status: s, Addr: bob, Heartbeat: 5, Source: self}
			w.outgoing(prompts[0].from, entry)
			w.outgoing(carol, entry)
			sent := w.take()
			for _, a := range []netip.AddrPort{alice, carol} {
				got := of(sent, "data", a)
				if len(got) != 1 {
					t.Fatalf("%s is told %d times", a, len(got))
				}
				d, fault := datagram.Parse(got[0].b, datagram.IPv4)
				if fault != "" || d.Verb() != datagram.Ack || d.Heartbeat() != 0 || d.Len() != 1 || d.Entry(0) != entry {
					t.Errorf("%s is told %x", a, got[0].b)
				}
			}
			if len(of(sent, "lost", dave))+len(of(sent, "bare", dave)) != 0 {
				t.Error("a plain member is told")
			}
			if s == datagram.Dead && len(of(sent, "data", bob)) != 0 {
				t.Error("the dead one is told")
			}
		})
	}
}

// TestHearsayIsNotAnnounced: who found out has told all.
func TestHearsayIsNotAnnounced(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.dies(bob)
		w.status(bob, datagram.Dead, alice)
		w.outgoing(carol, death(5))
		if sent := w.take(); len(w.noted().delivered) != 0 || len(of(sent, "data", carol)) != 0 {
			t.Errorf("prompted by %v, sent %v", w.noted().delivered, sent)
		}
	})
}

// TestRecoveryIsNotAnnounced: it says so itself.
func TestRecoveryIsNotAnnounced(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.status(bob, datagram.Suspected, alice)
		w.status(bob, datagram.Alive, self)
		w.outgoing(carol, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 6})
		if sent := w.take(); len(of(sent, "data", carol)) != 0 {
			t.Errorf("sent %v", sent)
		}
	})
}

// TestLargeClusterIsToldByMany: each that learns of it tells some.
func TestLargeClusterIsToldByMany(t *testing.T) {
	inWorld(t, func(w *world) {
		var all []netip.AddrPort
		for i := range spread.Small + 20 {
			all = append(all, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1))
		}
		w.member(all...)
		w.dies(all[0])
		w.status(all[0], datagram.Dead, all[1])
		w.forgetAll()
		w.outgoing(all[2], datagram.Entry{Status: datagram.Dead, Addr: all[0], Heartbeat: 5})
		told := 0
		for _, p := range w.take() {
			if p.what == "data" {
				told++
			}
		}
		if told != 7 { // ln 84 + 2
			t.Errorf("%d are told", told)
		}
	})
}

// TestOutgoingDropsWhatIsNoNews, but for plain peers, who get Smudge as it is.
func TestOutgoingDropsWhatIsNoNews(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.plainMember(dave)
		entry := datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1}
		if !w.outgoing(alice, entry) || !w.outgoing(dave, entry) {
			t.Error("fresh news is dropped")
		}
		w.sleep(newsTime)
		if w.outgoing(alice, entry) {
			t.Error("what is no news goes out")
		}
		if !w.outgoing(dave, entry) {
			t.Error("a plain member does not get Smudge as it is")
		}
		w.status(bob, datagram.Suspected, alice)
		if !w.outgoing(alice, datagram.Entry{Status: datagram.Suspected, Addr: bob, Heartbeat: 1}) {
			t.Error("a change is no news")
		}
		stranger := netip.MustParseAddrPort("192.0.2.99:1")
		if w.outgoing(dave, datagram.Entry{Status: datagram.Alive, Addr: stranger}) || w.outgoing(stranger, entry) {
			t.Error("something about, or to, a stranger goes out")
		}
	})
}

// TestFindingIsToldOnce, though Smudge's statuses may be read again.
func TestFindingIsToldOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.dies(bob)
		for range 3 {
			w.status(bob, datagram.Dead, self)
			w.status(bob, datagram.Dead, netip.AddrPort{}) // by whom is not known then
		}
		if n := len(w.noted().delivered); n != 1 {
			t.Errorf("prompted %d times", n)
		}
		w.outgoing(carol, death(5))
		if n := len(of(w.take(), "data", carol)); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

// TestSuspectIsNotPrompted: Smudge says nothing of a member to the member itself.
func TestSuspectIsNotPrompted(t *testing.T) {
	for range 20 { // who is prompted is left to chance
		inWorld(t, func(w *world) {
			w.member(bob, alice, carol)
			w.status(bob, datagram.Suspected, self)
			if got := w.noted().delivered; len(got) != 1 || got[0].from == bob {
				t.Errorf("prompted by %+v", got)
			}
		})
	}
}
