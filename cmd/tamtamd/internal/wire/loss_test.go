// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"math"
	"net/netip"
	"testing"
	"time"
)

// TestLinksTellLossOfEachWay: what was retransmitted, less what the other had already, is what
// was lost on that way. Acknowledgements lost on the way back are not in it.
func TestLinksTellLossOfEachWay(t *testing.T) {
	for _, loss := range []float64{0.02, 0.1, 0.3} {
		s := newSim(t, 1)
		a, b := s.pair()
		s.cut = func(from, _ netip.AddrPort) bool { return from == a.addr && s.r.Float64() < loss }
		for range 2000 {
			a.say(b.addr, true)
			b.say(a.addr, false)
			s.run(20 * time.Millisecond)
		}
		if shown, known, _ := a.Network(s.now); !known || math.Abs(shown-loss) > 0.02+loss/10 {
			t.Errorf("of %.0f %% lost one way, %.1f %% are shown for all links", 100*loss, 100*shown)
		}
		lost := func(sender, receiver Link) float64 {
			return float64(sender.Resent-min(sender.Resent, receiver.Duplicates)) / float64(sender.Sent+sender.Resent)
		}
		x, y := a.Links(s.now)[0], b.Links(s.now)[0]
		if there, back := lost(x, y), lost(y, x); math.Abs(there-loss) > 0.02+loss/10 || back > 0.01 {
			t.Errorf("of %.0f %% lost one way, %.1f %% are seen there and %.1f %% back", 100*loss, 100*there, 100*back)
		}
	}
}
