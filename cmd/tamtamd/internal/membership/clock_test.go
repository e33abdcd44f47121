// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// say has each of some members ping with a clock.
func (w *world) say(clock uint32, n int) {
	for _, a := range nths(n) {
		w.ping(a, clock)
	}
}

// TestMemberHardlyMovesTheClock: one that has the cluster's key, and answers, moves the clock of another
// by so much at once, and no faster than 128 beats a second from there on. It stays a member.
func TestMemberHardlyMovesTheClock(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(append(nths(10), alice)...)
		w.say(1000, 10)
		w.sleep(time.Minute)
		const seconds = 1800
		for range seconds {
			w.ping(alice, 1<<31)
			w.sleep(time.Second)
		}
		if now := w.clock.Now(); now < 1<<20 || now > 1<<20+(seconds+60)*128+8192 {
			t.Errorf("the clock is at %d", now)
		}
		if w.logged("far ahead") == 0 {
			t.Error("nobody is told")
		}
		w.want(alice, member.Alive)
		w.forgetAll()
		if w.say(1100, 10); len(w.noted().delivered) != 10 {
			t.Errorf("of ten others, %d are heard", len(w.noted().delivered))
		}
	})
}

// TestFarClusterIsFollowed: where most members are far ahead, this node is the one that is behind.
func TestFarClusterIsFollowed(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(nths(10)...)
		w.say(1000, 10)
		w.sleep(time.Minute)
		for range 3 { // those that are not heard are greeted, and answer
			w.say(1<<30, 5)
			w.sleep(time.Second)
		}
		if w.clock.Now() >= 1<<30 {
			t.Error("five of ten others, and not this node, are most")
		}
		for range 2 {
			w.say(1<<30, 7)
			w.sleep(time.Second)
		}
		if w.clock.Now() != 1<<30 {
			t.Errorf("the clock is at %d", w.clock.Now())
		}
	})
}

// TestMemberThatIsFarAheadIsHeard: what it says of others is confirmed as all that is said of others is,
// and Smudge gets it with a clock that can be.
func TestMemberThatIsFarAheadIsHeard(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(append(nths(10), alice, bob, carol)...)
		w.say(1000, 10)
		w.sleep(time.Minute)
		w.dies(bob)
		w.forgetAll()
		for _, accused := range []datagram.Entry{
			{Status: datagram.Dead, Addr: bob, Heartbeat: 1 << 31, Source: alice},
			{Status: datagram.Dead, Addr: carol, Heartbeat: 1 << 31, Source: alice},
			{Status: datagram.Alive, Addr: nth(1), Heartbeat: 1 << 31, Source: alice},
		} {
			w.news(alice, accused)
		}
		w.sleep(5 * time.Second)
		got := w.entries()
		if len(got) != 1 || got[0].Addr != bob || got[0].Status != datagram.Dead || !w.clock.Plausible(got[0].Heartbeat) {
			t.Errorf("Smudge hears %+v", got)
		}
	})
}
