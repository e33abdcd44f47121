// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// tell brings the list of a member.
func (w *world) tell(from netip.AddrPort, members ...netip.AddrPort) {
	for _, b := range (memberList{members: members}).encode() {
		w.event(wire.Event{Kind: wire.Received, Addr: from, Channel: MembersChannel, Data: b})
	}
}

// hidden makes a node answer only by way of others.
func (w *world) hidden(a netip.AddrPort, session uint64) { w.lives(a, session).hidden = true }

// reached fails if a member is not reached by a relay; none is directly.
func (w *world) reached(a, via netip.AddrPort) {
	w.t.Helper()
	if m, ok := w.table.Get(a); !ok || m.Via != via {
		w.t.Errorf("%s is reached by %v, want %v", a, m.Via, via)
	}
}

// TestHiddenNodeIsMetByItsReporter: a node that does not answer, and a member has reported, is
// greeted by way of that member, and is a member within a second.
func TestHiddenNodeIsMetByItsReporter(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.hidden(carol, 7)
		w.tell(bob, carol)
		sent := w.lasts(time.Second)
		if by := of(sent, "greet by", carol); len(of(sent, "greet", carol)) < admission.DirectGreetings || len(by) != 1 || by[0].via != bob {
			t.Errorf("sent %v", sent)
		}
		w.want(carol, member.Alive)
		w.reached(carol, bob)
		// It restarts, and is reached directly.
		w.lives(carol, 8)
		w.event(wire.Event{Kind: wire.Up, Addr: carol, Session: 8, Profile: Profile{Name: "n"}.Encode()})
		w.reached(carol, netip.AddrPort{})
		w.open[carol] = 8
	})
}

// TestUnreportedNodeIsMetDirectlyOnly: nobody vouches for an address that a user has named, or
// that only a member without a session or a direct way could reach.
func TestUnreportedNodeIsMetDirectlyOnly(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.hidden(carol, 7)
		if err := w.joined(carol); err == nil {
			t.Error("it is met")
		}
		if sent := of(w.take(), "greet by", carol); len(sent) != 0 {
			t.Errorf("sent %v", sent)
		}
		w.hidden(bob, 8)
		w.tell(alice, bob)
		w.sleep(time.Second)
		w.reached(bob, alice)
		w.event(leaves(alice, w.open[alice]))
		w.dies(alice)
		delete(w.open, alice)
		w.forgetAll()
		w.tell(bob, carol) // which would have to be passed on twice
		if sent := of(w.lasts(3*time.Second), "greet by", carol); len(sent) != 0 {
			t.Errorf("sent %v", sent)
		}
	})
}

// TestUnreachedIsNamed: what a member goes on to report as live, and this node does not reach,
// be it dead here or never met, until it answers.
func TestUnreachedIsNamed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, dave)
		w.dead(bob)
		for range 3 {
			w.tell(alice, bob, carol, dave)
			w.sleep(15 * time.Second)
		}
		if all := w.Unreached(w.now); !slices.Equal(all, []netip.AddrPort{bob, carol}) {
			t.Errorf("named %v", all)
		}
		w.lives(carol, 7)
		w.lives(bob, 8)
		w.tell(alice, bob, carol)
		w.sleep(time.Second)
		if all := w.Unreached(w.now); len(all) != 0 {
			t.Errorf("named %v", all)
		}
	})
}

// TestGreetingsByRelaysAreBounded: a member that reports nonsense does not make the others
// pass on a flood.
func TestGreetingsByRelaysAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		var all []netip.AddrPort
		for i := range 500 {
			all = append(all, nth(i))
		}
		w.tell(alice, all...)
		n := 0
		for _, p := range w.lasts(10 * time.Second) {
			if p.what == "greet by" {
				n++
			}
		}
		if n == 0 || n > 11*relayGreetingsPerSecond {
			t.Errorf("%d greetings in ten seconds", n)
		}
	})
}

// TestHelperIsSuggestedAsRelay: the helper that vouches for a member which does not answer may
// be the way to it, unless it is itself reached by a relay.
func TestHelperIsSuggestedAsRelay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		vouch := func(helper netip.AddrPort, code uint32) []packet {
			w.hosts[alice].hidden = true // as is every answer of its own
			w.asks(alice, code, helper)
			w.forgetAll()
			w.data(helper, vouching(helper, alice, code))
			return of(w.take(), "route", alice)
		}
		if r := vouch(bob, 10); len(r) != 1 || r[0].via != bob {
			t.Errorf("suggested %v", r)
		}
		w.event(wire.Event{Kind: wire.Routed, Addr: carol, Session: w.open[carol], At: bob})
		w.reached(carol, bob)
		if r := vouch(carol, 20); len(r) != 0 {
			t.Errorf("suggested %v", r)
		}
		w.hosts[alice].hidden = false
	})
}

// TestRelayInUseIsTried: for a member that does not answer, the relay to another is suggested
// before a helper vouches, and when the member is dead it is greeted by it, too.
func TestRelayInUseIsTried(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol, dave)
		w.event(wire.Event{Kind: wire.Routed, Addr: alice, Session: w.open[alice], At: bob})
		w.hosts[carol].hidden = true
		w.silence()
		w.asks(carol, 7, dave)
		if r := of(w.take(), "route", carol); len(r) != 1 || r[0].via != bob {
			t.Errorf("suggested %v", r)
		}
		w.dead(carol)
		w.hidden(carol, w.open[carol])
		if by := of(w.lasts(10*time.Second), "greet by", carol); len(by) != 1 || by[0].via != bob {
			t.Errorf("greeted by %v", by)
		}
		w.want(carol, member.Alive)
	})
}

// TestRelayThatEndsIsReplaced: in all the ways in which a member ends.
func TestRelayThatEndsIsReplaced(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"dead":    func(w *world) { w.dead(bob) },
		"removed": func(w *world) { w.remove(bob) },
		"left":    func(w *world) { w.event(leaves(bob, w.open[bob])) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.member(alice, bob, carol)
				w.event(wire.Event{Kind: wire.Routed, Addr: alice, Session: w.open[alice], At: bob})
				w.event(wire.Event{Kind: wire.Routed, Addr: alice, Session: 1, At: carol}) // of another session
				w.forgetAll()
				end(w)
				if r := of(w.take(), "route", alice); len(r) != 1 || r[0].via != carol {
					t.Errorf("suggested %v", r)
				}
				w.reached(alice, bob)
				w.event(wire.Event{Kind: wire.Routed, Addr: alice, Session: w.open[alice], At: carol})
				w.reached(alice, carol)
			})
		})
	}
}
