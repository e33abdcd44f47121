// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

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
