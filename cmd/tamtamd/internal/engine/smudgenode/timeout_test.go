// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestSetMinPing: all of Smudge's round trips are replaced, so that none of the old ones
// spoils the timeout.
func TestSetMinPing(t *testing.T) {
	defer the.node.SetMinPing(300 * time.Millisecond)
	for _, d := range []time.Duration{2 * time.Second, 100 * time.Millisecond, 300 * time.Millisecond} {
		the.node.SetMinPing(d)
		pingHistory.RLock()
		have := slices.Clone(pingHistory.pings)
		pingHistory.RUnlock()
		if len(have) != 50 { // membership.go:55
			t.Fatalf("Smudge remembers %d round trips: the layout does not fit", len(have))
		}
		for i, ms := range have {
			if ms != uint32(d.Milliseconds()) {
				t.Errorf("after SetMinPing(%v), round trip %d is %d ms", d, i, ms)
			}
		}
	}
}

// TestPingHasAHeartbeatOfItsOwn: two pings that the node causes differ, even within one
// of Smudge's heartbeats.
func TestPingHasAHeartbeatOfItsOwn(t *testing.T) {
	f := netip.MustParseAddrPort("[2001:db8::f]:1")
	the.forget(f)
	the.locked(func() { the.up[f] = true })
	if err := the.node.Add(f); err != nil {
		t.Fatal(err)
	}
	defer the.node.Remove(f)
	for range 10 {
		the.node.Ping(f)
	}
	eventually(t, "all pings have come", func() bool { return len(the.beats[f]) >= 10 })
	the.locked(func() {
		beats := slices.Sorted(slices.Values(the.beats[f]))
		if have := len(slices.Compact(slices.Clone(beats))); have != len(beats) {
			t.Errorf("%d pings have %d heartbeats: %v", len(beats), have, beats)
		}
	})
}
