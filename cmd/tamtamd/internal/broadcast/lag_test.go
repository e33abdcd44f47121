// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"testing"
	"time"
)

// TestOriginLearnsOfRepairs: what one member gets from another, because the origin
// could not reach it for a while, the origin learns soon, for it is what fills its
// window.
func TestOriginLearnsOfRepairs(t *testing.T) {
	for seed := range seeds(6) {
		s := newSim(t, seed)
		all := s.cluster(40)
		a, b := all[0], all[1]
		s.cut = func(x, y netip.AddrPort) bool {
			return x == a.addr && y == b.addr || x == b.addr && y == a.addr
		}
		for range Window {
			a.say()
			s.run(10 * time.Millisecond)
		}
		s.run(5 * time.Second)
		b.whole(t, a.cfg.Local, 1, Window)
		if a.HasCapacity() {
			t.Fatal("the origin knows what it cannot")
		}
		s.cut = nil
		healed := s.now
		for !a.HasCapacity() && s.now.Sub(healed) < time.Minute {
			s.run(50 * time.Millisecond)
		}
		if took := s.now.Sub(healed); took > 3*time.Second {
			t.Errorf("seed %d: after %v", seed, took)
		}
	}
}
