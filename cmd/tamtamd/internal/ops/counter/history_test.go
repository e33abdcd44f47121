// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package counter

import (
	"context"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// TestHistory: each minute has what was counted in it; old ones are forgotten; what did not grow
// is left out.
func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		counted := map[string]uint64{"sent": 100, "idle": 7, "gauge": 1000}
		h := NewHistory(func() map[string]uint64 { return maps.Clone(counted) }, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go h.Run(ctx)
		began := time.Now()
		for i := range limits.CounterMinutes + 2 {
			counted["sent"] += uint64(i + 1)
			counted["gauge"] -= uint64(i % 2)
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		counted["sent"] += 50
		time.Sleep(20 * time.Second)
		all := h.Minutes()
		if len(all) != limits.CounterMinutes+1 {
			t.Fatalf("%d minutes", len(all))
		}
		for i, m := range all {
			want, took := uint64(i+3), time.Minute
			if i == limits.CounterMinutes {
				want, took = 50, 20*time.Second
			}
			if m.Grown["sent"] != want || len(m.Grown) != 1 || m.Took != took || !m.Start.Equal(began.Add(time.Duration(i+2)*time.Minute)) {
				t.Errorf("minute %d: %+v, want %d", i, m, want)
			}
		}
		if h.Minutes()[0].Start != all[0].Start {
			t.Error("to ask changes it")
		}
	})
}
