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

// TestRackDies: the hellos to many dead members are bounded, and each has its turn.
func TestRackDies(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		for i := range 60 {
			w.member(nth(i + 1))
		}
		w.sleep(time.Minute) // who has just met many is patient
		for i := range 60 {
			w.dead(nth(i + 1))
		}
		w.take()
		greeted := map[netip.AddrPort]int{}
		total := 0
		for _, p := range w.lasts(30 * time.Second) {
			if p.what == "greet" {
				greeted[p.to]++
				total++
			}
		}
		if total > 31*detect.DeadPerSecond || len(greeted) != 60 {
			t.Errorf("%d hellos in 30 s, to %d members", total, len(greeted))
		}
	})
}

// TestDeadIsAbandoned by the wire, once for each death.
func TestDeadIsAbandoned(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.judges(alice, datagram.Suspected, self)
		w.take()
		w.dead(alice)
		var abandoned []netip.AddrPort
		for _, p := range w.lasts(time.Minute) {
			if p.what == "abandon" {
				abandoned = append(abandoned, p.to)
			}
		}
		if !slices.Equal(abandoned, []netip.AddrPort{alice}) {
			t.Errorf("abandoned %v", abandoned)
		}
	})
}

// TestRecordOfADeathMakesSmudgeFindOut: the member is not only asked. If it does not answer, it
// is for Smudge to say so, which would ping it some minutes later in a large cluster.
func TestRecordOfADeathMakesSmudgeFindOut(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		session := w.open[bob]
		w.dies(bob)
		w.sleep(2 * time.Second)
		w.heard.pinged = nil
		w.says(alice, record{recordDead, bob, session, 1})
		if !slices.Contains(w.heard.pinged, bob) {
			t.Errorf("Smudge pings %v", w.heard.pinged)
		}
	})
}
