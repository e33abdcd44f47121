// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"testing"
	"time"
)

// TestOverflowsMakePatient: a node that loses packets in its receive buffers waits longer for
// others for a second or so, and does not do less.
func TestOverflowsMakePatient(t *testing.T) {
	inWorld(t, func(w *world) {
		dropped := uint64(0)
		w.cfg.Overflows = func() uint64 { return dropped }
		w.member(alice, bob)
		for _, grows := range []uint64{0, 1, 5000} {
			w.sleep(15 * time.Second)
			dropped += grows
			want := minPing
			if grows > 0 {
				want *= 2
			}
			longest := time.Duration(0)
			for range 20 {
				w.sleep(careInterval / 10)
				longest = max(longest, w.minPing)
				if w.slow != 1 {
					t.Errorf("%d more dropped: slow %d", grows, w.slow)
				}
			}
			if longest != want {
				t.Errorf("%d more dropped: probe timeout %v, want %v", grows, longest, want)
			}
		}
	})
}
