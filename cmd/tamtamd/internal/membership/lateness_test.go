// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
)

// TestEachLateLoopMakesPatient: whichever loop of the node is late, it waits longer for others, and
// sends less, until all have been in time for some seconds.
func TestEachLateLoopMakesPatient(t *testing.T) {
	for loop := range lateness.Loops {
		for _, c := range []struct {
			late    time.Duration
			times   int
			counted uint64
		}{{0, 1, 0}, {lateness.From - 1, 1, 0}, {lateness.From, 1, 1}, {60 * time.Millisecond, 2, 1}, {time.Hour, 8, 1}} {
			inWorld(t, func(w *world) {
				w.member(alice, bob)
				w.Late(w.now, loop, c.late)
				m := w.counted()
				if w.slow != c.times || w.minPing != minPing*time.Duration(min(c.times, maxTimeoutFactor)) || m["local_health"] != uint64(c.times) {
					t.Errorf("loop %d late by %v: slow %d, probe timeout %v, health %d, want %d", loop, c.late, w.slow, w.minPing, m["local_health"], c.times)
				}
				if n := m[countLate[loop].Name]; n != c.counted {
					t.Errorf("loop %d late by %v: %d times", loop, c.late, n)
				}
				w.sleep(15 * time.Second)
				if w.slow != 1 || w.minPing != minPing {
					t.Errorf("later: slow %d, probe timeout %v", w.slow, w.minPing)
				}
			})
		}
	}
}
