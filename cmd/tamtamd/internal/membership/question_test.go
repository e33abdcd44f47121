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
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// TestOwnVerdictIsHeldBackUntilTheMemberIsAsked: neither shown nor told; and one that
// answers is not accused at all.
func TestOwnVerdictIsHeldBackUntilTheMemberIsAsked(t *testing.T) {
	for _, s := range []datagram.Status{datagram.Suspected, datagram.Dead} {
		for _, answers := range []bool{true, false} {
			inWorld(t, func(w *world) {
				w.member(alice, bob, carol)
				w.silence()
				if !answers {
					w.dies(bob)
				}
				w.judges(bob, s, self)
				if w.want(bob, member.Alive); w.outgoing(carol, datagram.Entry{Status: s, Addr: bob, Heartbeat: 1}) {
					t.Errorf("%v: it is told before the member was asked", s)
				}
				w.sleep(detect.QuestionTime - time.Millisecond)
				w.want(bob, member.Alive)
				w.sleep(time.Millisecond)
				if !answers {
					w.want(bob, memberStatus(s))
					return
				}
				w.want(bob, member.Alive)
				heard := w.noted()
				if s == datagram.Dead && !slices.Contains(heard.removed, bob) {
					t.Error("Smudge holds the death against a member that lives")
				}
				if s == datagram.Suspected && !slices.Contains(heard.pinged, bob) {
					t.Error("Smudge does not ping the one that it suspects")
				}
			})
		}
	}
}

// TestDeathCostsNoMoreThanTheHelpersTake: the question begins with the first PINGREQ, and
// is over when Smudge judges.
func TestDeathCostsNoMoreThanTheHelpersTake(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.silence()
		w.dies(bob)
		w.asks(bob, 7, alice, carol)
		if n := len(of(w.lasts(minPing), "greet", bob)); n != 8 {
			t.Errorf("greeted %d times, want 8", n)
		}
		w.judges(bob, datagram.Dead, self)
		w.want(bob, member.Dead)
	})
}

// TestFewHelpersAreAsked, and they answer for the others.
func TestFewHelpersAreAsked(t *testing.T) {
	inWorld(t, func(w *world) {
		var helpers = nths(9)
		w.member(append(helpers, bob)...)
		w.silence()
		w.dies(bob)
		w.asks(bob, 7, helpers...)
		asked := 0
		sent := w.take()
		for _, h := range helpers {
			asked += len(of(sent, "data", h))
		}
		if asked != detect.MaxHelpers {
			t.Errorf("%d are asked, want %d", asked, detect.MaxHelpers)
		}
		w.forgetAll()
		w.data(helpers[0], vouching(helpers[0], bob, 7))
		if got := w.answered(); len(got) != len(helpers) {
			t.Errorf("heard answers of %v", got)
		}
	})
}

func nths(n int) (all []netip.AddrPort) {
	for i := range n {
		all = append(all, nth(i+1))
	}
	return all
}

// TestLateNodeAccusesNobody: it goes on asking until it is in good health.
func TestLateNodeAccusesNobody(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.silence()
		w.dies(bob)
		w.judges(bob, datagram.Dead, self)
		w.now = w.now.Add(150 * time.Millisecond) // nothing was done meanwhile
		w.sleep(detect.QuestionTime)
		w.want(bob, member.Alive)
		w.sleep(10 * time.Second)
		w.want(bob, member.Dead)
	})
}

// TestConfirmationsAreBounded: what comes past the bound is counted, and waits for the word of others. If
// there is none, it is confirmed nonetheless, later.
func TestConfirmationsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		all := nths(60)
		w.member(append(all, alice)...)
		w.silence()
		for _, a := range all {
			w.dies(a)
			w.news(alice, datagram.Entry{Status: datagram.Dead, Addr: a, Heartbeat: 1, Source: alice})
		}
		if c := w.counted(); c["accusations_ignored"] != 60-2*accusationsPerSecond {
			t.Errorf("counted %v", c)
		}
		confirmed := func() (n int) {
			for _, a := range all {
				if !w.Core.suspicion.Open(a) {
					n++
				}
			}
			return n
		}
		w.sleep(2 * detect.ConfirmTime)
		if n := confirmed(); n != 2*accusationsPerSecond {
			t.Errorf("%d are confirmed at once", n)
		}
		w.sleep(3 * time.Second)
		if n := confirmed(); n != len(all) {
			t.Errorf("%d are confirmed in the end", n)
		}
	})
}

// TestNetworkIsLookedAt: a node asks for longer where its links show long round trips.
func TestNetworkIsLookedAt(t *testing.T) {
	inWorld(t, func(w *world) {
		const roundTrip = 300 * time.Millisecond
		w.cfg.Network = func() (float64, bool, time.Duration) { return 0, true, roundTrip }
		w.member(alice, bob)
		w.silence()
		w.sleep(2 * careInterval)
		w.dies(bob)
		w.judges(bob, datagram.Dead, self)
		w.sleep(detect.QuestionTime + roundTrip/2)
		w.want(bob, member.Alive)
		w.sleep(roundTrip / 2)
		w.want(bob, member.Dead)
	})
}

// TestOldAccusationsAreNotBelieved: of a node that stood still, what it reads then may be long past, also past the
// bound of accusations.
func TestOldAccusationsAreNotBelieved(t *testing.T) {
	inWorld(t, func(w *world) {
		all := nths(60)
		w.member(append(all, alice, bob, carol)...)
		w.silence()
		w.Core.stalled = w.now
		for _, a := range all {
			for _, by := range []netip.AddrPort{alice, bob, carol} {
				w.news(by, datagram.Entry{Status: datagram.Dead, Addr: a, Heartbeat: 1, Source: alice})
			}
		}
		w.sleep(10 * time.Millisecond)
		if n := len(w.entries()); n > 0 || w.counted()["accusations_ignored"] == 0 {
			t.Errorf("Smudge has heard %d, counted %v", n, w.counted())
		}
	})
}
