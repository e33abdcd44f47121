// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
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

// As in package detect.
const (
	reconnectBase  = 0.2
	reconnectGrows = 120
	reconnectMax   = 20
)

// TestDeadAreGreetedAtGrowingIntervals: by the cluster as a whole every
// reconnectBase heartbeats at first, so that each node's part shrinks with its size,
// and in the end every reconnectMax.
func TestDeadAreGreetedAtGrowingIntervals(t *testing.T) {
	for _, live := range []int{1, 4, 10} {
		inWorld(t, func(w *world) {
			for i := range live - 1 {
				w.member(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1))
			}
			w.member(alice)
			w.dead(alice)
			w.take()
			share := func(beats float64, d time.Duration) float64 {
				return float64(d) / (beats * float64(live) * float64(heartbeat))
			}
			grows := time.Duration(reconnectGrows) * heartbeat
			early, want := len(of(w.lasts(grows), "greet", alice)), share(reconnectBase, grows)
			if float64(early) < want*0.75 || float64(early) > want*1.25 {
				t.Errorf("%d live: greeted %d times at first, want %.0f", live, early, want)
			}
			later := len(of(w.lasts(grows), "greet", alice)) // one to two times as long
			if later >= early {
				t.Errorf("%d live: greeted %d times, and then %d times", live, early, later)
			}
			rest := reconnectTimeout - 2*grows - time.Minute
			last := of(w.lasts(rest), "greet", alice)
			if n := float64(len(last)); n < share(reconnectMax, rest) || n > 2*want*float64(rest)/float64(grows) {
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

// pingTimes returns how often each member is pinged within a time.
func pingTimes(w *world, d time.Duration) map[netip.AddrPort]int {
	w.forgetAll()
	w.lasts(d)
	times := map[netip.AddrPort]int{}
	for _, a := range w.noted().pinged {
		times[a]++
	}
	return times
}

// most returns who was pinged most.
func most(times map[netip.AddrPort]int) (a netip.AddrPort) {
	for b, n := range times {
		if n > times[a] {
			a = b
		}
	}
	return a
}

// TestMembersArePinged: one, the successor, in each round, and each of them now and then. A
// cluster of two has a ring, too.
func TestMembersArePinged(t *testing.T) {
	for _, members := range [][]netip.AddrPort{{alice}, {alice, bob}, {alice, bob, carol, dave}} {
		inWorld(t, func(w *world) {
			w.member(members...)
			const rounds = 120
			times := pingTimes(w, rounds*detect.PingInterval(heartbeat, minPing))
			if len(times) != len(members) {
				t.Errorf("of %d members %v are pinged", len(members), times)
			}
			if n := times[most(times)]; n < rounds-1 || n > rounds+rounds/3 {
				t.Errorf("%d members: the successor is pinged %d times in %d rounds", len(members), n, rounds)
			}
		})
	}
}

// TestTheDeadAreNotPinged, and the next on the ring is at once.
func TestTheDeadAreNotPinged(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol, dave)
		successor := most(pingTimes(w, time.Minute))
		w.dead(successor)
		w.settle()
		if pinged := w.noted().pinged; len(pinged) == 0 || pinged[len(pinged)-1] == successor {
			t.Errorf("pinged %v: nobody in place of %s", pinged, successor)
		}
		if times := pingTimes(w, time.Minute); times[successor] != 0 || len(times) != 3 {
			t.Errorf("pinged %v", times)
		}
	})
}

// TestNextIsPingedWhileHelpersAreAsked about the successor: it may have ended with it.
func TestNextIsPingedWhileHelpersAreAsked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol, dave)
		successor := most(pingTimes(w, time.Minute))
		helper := alice
		if successor == alice {
			helper = bob
		}
		w.dies(successor)
		w.forgetAll()
		ask := datagram.Compose(datagram.IPv4, datagram.PingReq, self.Port(), 1, []datagram.Entry{datagram.Target(successor, 1)})
		d, _ := datagram.Parse(ask, datagram.IPv4)
		w.engineSends(helper, d)
		w.settle()
		if pinged := w.noted().pinged; len(pinged) == 0 || slices.Contains(pinged, successor) {
			t.Errorf("pinged %v, want the one after %s", pinged, successor)
		}
		if times := pingTimes(w, 2*minPing); times[successor] != 0 {
			t.Errorf("pinged %v", times)
		}
	})
}

// TestLoneHelper: in a cluster of three, one helper is all there is to ask. When it, too,
// does not reach the member, Smudge is made to find it dead.
func TestLoneHelper(t *testing.T) {
	for _, c := range []struct {
		name    string
		members []netip.AddrPort
		by      netip.AddrPort
		dead    bool
	}{
		{"three", []netip.AddrPort{alice, bob}, self, true},
		{"three, and the other suspects it", []netip.AddrPort{alice, bob}, bob, false},
		{"four", []netip.AddrPort{alice, bob, carol}, self, false},
	} {
		inWorld(t, func(w *world) {
			w.member(c.members...)
			w.forgetAll()
			w.status(alice, datagram.Suspected, c.by)
			w.want(alice, member.Suspected)
			dead := slices.ContainsFunc(w.entries(), func(e datagram.Entry) bool {
				return e.Addr == alice && e.Status == datagram.Dead && e.Source == self
			})
			if dead != c.dead {
				t.Errorf("%s: Smudge hears of a death: %v", c.name, dead)
			}
		})
	}
}

// TestHeartbeatActsAtOnce: one that was long does not put off the next round.
func TestHeartbeatActsAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		if err := w.SetHeartbeat(w.now, MaxHeartbeat); err != nil {
			t.Fatal(err)
		}
		w.lasts(10 * time.Second)
		if err := w.SetHeartbeat(w.now, heartbeat); err != nil {
			t.Fatal(err)
		}
		if n := pingTimes(w, 10*time.Second)[alice]; n < 13 {
			t.Errorf("pinged %d times in ten seconds", n)
		}
	})
}

// TestTwoArePatient: there is nobody to ask.
func TestTwoArePatient(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lasts(time.Minute)
		if len(w.noted().minPings) != 0 {
			t.Errorf("alone, it waits for %v", w.noted().minPings)
		}
		w.member(alice)
		w.lasts(time.Minute)
		w.member(bob)
		w.lasts(time.Minute)
		w.dead(bob)
		w.lasts(time.Minute)
		if want := []time.Duration{minPing, pairFactor * minPing}; !slices.Equal(w.noted().minPings, want) {
			t.Errorf("three, one of them dead: it waits for %v, want %v", w.noted().minPings, want)
		}
	})
	inWorld(t, func(w *world) {
		w.member(alice)
		w.lasts(time.Minute)
		w.event(up(bob, 7))
		w.lasts(time.Minute)
		if want := []time.Duration{pairFactor * minPing, minPing}; !slices.Equal(w.noted().minPings, want) {
			t.Errorf("two, then three: it waits for %v, want %v", w.noted().minPings, want)
		}
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

// TestReconnectsAreBounded: a node that has lost hundreds of members greets no more than some
// of them in a second, and all of them in time.
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
			if n > 210 { // the bucket may be full at first
				t.Fatalf("%d greetings in a second", n)
			}
		}
		if len(greeted) != len(lost) {
			t.Errorf("%d of %d were greeted", len(greeted), len(lost))
		}
	})
}

// TestLatenessOfTheWire: a node whose socket is late waits longer for others, and says less,
// until it has been calm for some seconds.
func TestLatenessOfTheWire(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(wire.Event{Kind: wire.Late, Took: 300 * time.Millisecond})
		w.settle()
		if w.slow != 8 || w.minPing != maxTimeoutFactor*minPing {
			t.Errorf("slow %d, probe timeout %v", w.slow, w.minPing)
		}
		w.sleep(15 * time.Second)
		if w.slow != 1 || w.minPing != minPing {
			t.Errorf("later: slow %d, probe timeout %v", w.slow, w.minPing)
		}
	})
}

// TestMistakesMakePatient: who is accused, or has found a member silent that answers, may
// itself be late. Soon after the start an accusation is of the session before.
func TestMistakesMakePatient(t *testing.T) {
	accused := func(w *world) {
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Suspected, Addr: self, Heartbeat: 1})
	}
	for _, c := range []struct {
		name    string
		mistake func(w *world)
		after   time.Duration
		times   time.Duration
	}{
		{"accused", accused, retireTime, 2},
		{"accused as before its restart", accused, retireTime - time.Second, 1},
		{"a member answers", func(w *world) {
			w.silence()
			w.judges(bob, datagram.Suspected, self)
			w.sleep(detect.QuestionTime)
			w.want(bob, member.Alive)
		}, 0, 2},
	} {
		inWorld(t, func(w *world) {
			w.sleep(c.after)
			w.member(alice, bob)
			c.mistake(w)
			if w.settle(); w.minPing != c.times*minPing || w.slow != 1 {
				t.Errorf("%s: probe timeout %v, slow %d", c.name, w.minPing, w.slow)
			}
		})
	}
}
