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
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// TestDeadMemberThatSpeaksIsGreetedNotHeard, and begins a new life when it answers.
func TestDeadMemberThatSpeaksIsGreetedNotHeard(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.dead(alice)
		w.sleep(10 * time.Minute) // so that it is not its turn just now
		w.forgetAll()
		for range 10 { // it speaks often, and is greeted now and then
			w.gossip(alice, 1, datagram.Entry{Status: datagram.Suspected, Addr: bob, Heartbeat: 1})
			w.sleep(detect.ConfirmInterval / 4)
		}
		// Its turn as a dead member may come meanwhile, by chance.
		if sent := w.take(); len(of(sent, "greet", alice)) < 2 || len(of(sent, "greet", alice)) > 3 || len(w.noted().delivered) != 0 {
			t.Errorf("sent %+v, delivered %v", sent, w.noted().delivered)
		}
		w.want(alice, member.Dead)
		w.lives(alice, w.open[alice]) // the way back is open again
		w.sleep(3 * detect.ConfirmInterval)
		w.ping(alice, 1)
		w.want(alice, member.Alive)
		if !slices.Equal(w.noted().added, []netip.AddrPort{alice}) {
			t.Errorf("added %v: no new life", w.noted().added)
		}
	})
}

// TestSmudgeRaisesNobody: what Smudge takes for alive again answers for itself.
func TestSmudgeRaisesNobody(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dead(alice)
		w.sleep(20 * time.Second) // so that it is not its turn just now
		w.take()
		w.status(alice, datagram.Alive, bob)
		if w.want(alice, member.Dead); len(of(w.take(), "greet", alice)) != 1 {
			t.Error("it is not greeted")
		}
	})
}

func TestSuspectIsHeard(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.status(alice, datagram.Suspected, bob)
		w.want(alice, member.Suspected)
		w.forgetAll()
		if w.ping(alice, 1); len(w.noted().delivered) != 1 {
			t.Error("it is not heard")
		}
		w.status(alice, datagram.Alive, self)
		w.want(alice, member.Alive)
	})
}

// TestDeadAreGreetedAtGrowingIntervals: by the cluster as a whole every
// detect.ReconnectBase at first, so that each node's part shrinks with its size,
// and in the end every detect.ReconnectMax.
func TestDeadAreGreetedAtGrowingIntervals(t *testing.T) {
	for _, live := range []int{1, 4, 10} {
		inWorld(t, func(w *world) {
			for i := range live - 1 {
				w.member(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1))
			}
			w.member(alice)
			w.dead(alice)
			w.take()
			share := func(every, d time.Duration) float64 { return float64(d) / float64(every*time.Duration(live)) }
			const grows = detect.ReconnectGrows
			early, want := len(of(w.lasts(grows), "greet", alice)), share(detect.ReconnectBase, grows)
			if float64(early) < want*0.75 || float64(early) > want*1.25 {
				t.Errorf("%d live: greeted %d times at first, want %.0f", live, early, want)
			}
			later := len(of(w.lasts(grows), "greet", alice)) // one to two times as long
			if later >= early {
				t.Errorf("%d live: greeted %d times, and then %d times", live, early, later)
			}
			rest := reconnectTimeout - 2*grows - time.Minute
			last := of(w.lasts(rest), "greet", alice)
			if n := float64(len(last)); n < share(detect.ReconnectMax, rest) || n > 2*want*float64(rest)/float64(grows) {
				t.Errorf("%d live: greeted %.0f times in the last %v", live, n, rest)
			}
		})
	}
}

// TestDeadMemberIsReapedAfterReconnectTimeout, with a change that says Removed.
func TestDeadMemberIsReapedAfterReconnectTimeout(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(leaves(bob, w.hosts[bob].session))
		w.dies(bob)
		w.dead(alice)
		watch := w.table.Watch(nil, 10)
		defer watch.Changes.Unsubscribe()
		w.sleep(reconnectTimeout - 2*careInterval)
		w.want(alice, member.Dead)
		w.want(bob, member.Left)
		w.take()
		w.sleep(3 * careInterval)
		w.want(alice, 0)
		w.want(bob, 0)
		for range 2 {
			if c := <-watch.Changes.C(); !c.Removed || !c.Previous.Gone() || c.By != self {
				t.Errorf("the change is %+v", c)
			}
		}
		if len(of(w.take(), "close", alice)) != 1 {
			t.Error("its session is kept")
		}
		if len(of(w.lasts(time.Hour), "greet", alice)) != 0 {
			t.Error("it is greeted on")
		}
	})
}

// TestSmudgeForgetsTheDead when all have heard of it; the table does not.
func TestSmudgeForgetsTheDead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dead(alice)
		w.sleep(retireTime - careInterval)
		if w.settle(); len(w.noted().removed) != 0 {
			t.Errorf("removed %v too early", w.noted().removed)
		}
		w.sleep(2 * careInterval)
		if w.settle(); !slices.Equal(w.noted().removed, []netip.AddrPort{alice}) {
			t.Errorf("removed %v", w.noted().removed)
		}
		w.want(alice, member.Dead)
		// It comes back all the same, as another node to Smudge.
		w.lives(alice, 77)
		w.sleep(time.Minute)
		w.want(alice, member.Alive)
	})
}

// TestNewLifeIsNotRetired: a member that comes back just when Smudge is to forget it,
// or the table to give it up, is judged from then on as any other.
func TestNewLifeIsNotRetired(t *testing.T) {
	for _, after := range []time.Duration{retireTime, reconnectTimeout} {
		inWorld(t, func(w *world) {
			w.member(alice, bob)
			w.dead(alice)
			w.sleep(after - careInterval/2)
			w.now = w.now.Add(careInterval)
			w.Tick(w.now)
			w.Handle(w.now, up(alice, 77)) // between the decision and the deed
			w.carryOut()
			if !slices.Contains(w.noted().removed, alice) {
				t.Errorf("after %v: Smudge was not made to forget it", after)
			}
			w.want(alice, member.Alive)
		}) // where the engine and the members must agree
	}
}

// TestReconnectsAreBounded: a node that has lost hundreds of members greets no more than thirty
// of them in a second (detect.DeadPerSecond), and all of them in time.
func TestReconnectsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		var lost []netip.AddrPort
		for i := range 300 {
			a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 9999)
			lost = append(lost, a)
			w.event(wire.Event{Kind: wire.Up, Addr: a, Session: uint64(i) + 1, Profile: Profile{}.Encode()})
		}
		for _, a := range lost {
			w.status(a, datagram.Dead, self)
		}
		w.forgetAll()
		greeted := map[netip.AddrPort]bool{}
		for range 150 {
			n := 0
			for _, p := range w.lasts(time.Second) {
				if p.what == "greet" {
					greeted[p.to] = true
					n++
				}
			}
			if n > 2*detect.DeadPerSecond { // the bucket is full at first
				t.Fatalf("%d greetings in a second", n)
			}
		}
		if len(greeted) != len(lost) {
			t.Errorf("%d of %d were greeted", len(greeted), len(lost))
		}
	})
}

// TestRestDoesNotLookAtAll: what a node does by itself in a minute at rest looks at all members only
// for the comparisons, of which there are some four.
func TestRestDoesNotLookAtAll(t *testing.T) {
	for _, n := range []int{100, 1000} {
		c, now := clustered(t, n)
		var out []Output
		ticks, before := 0, c.members.looked
		for end := now.Add(time.Minute); !c.Next().After(end); ticks++ {
			c.Tick(c.Next())
			out = c.AppendOutputs(out[:0])
		}
		if looked := c.members.looked - before; looked > 10*n || ticks < 50 {
			t.Errorf("%d members were looked at %d times in %d iterations", n, looked, ticks)
		}
	}
}
