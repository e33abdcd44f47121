// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestDone is called for each change when its run has ended, however it did, but not if the client ended it.
func TestDone(t *testing.T) {
	for name, c := range map[string]struct {
		fake     *fake
		coalesce time.Duration
		want     int
	}{
		"well": {&fake{takes: time.Second}, 0, 3}, "badly": {&fake{takes: time.Second, err: errors.New("broken")}, 0, 3},
		"together": {&fake{takes: time.Second}, time.Second, 3}, "late": {&fake{takes: time.Hour}, 0, 3},
		"ended": {&fake{takes: 29 * time.Second}, 0, 2}, "together, ended": {&fake{takes: time.Hour}, 50 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, runs, _ := runner(c.fake, c.coalesce)
				r.cfg.Timeout = 30 * time.Second
				within := time.Hour
				if c.want < 3 {
					within = time.Minute
				}
				ctx, cancel := context.WithTimeout(t.Context(), within)
				defer cancel()
				done := 0
				for i := range 3 {
					change := numbered(i)
					change.Done = func() {
						if done++; c.coalesce == 0 && done != len(*runs) {
							t.Errorf("done %d after %d runs", done, len(*runs))
						}
					}
					r.Add(ctx, change)
				}
				r.Run(ctx)
				if done != c.want {
					t.Errorf("%d are done, want %d", done, c.want)
				}
			})
		})
	}
}

// TestKeep: nothing is dropped; what is added waits, but not longer than its context.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, runs, warned := runner(&fake{takes: time.Second}, 0)
		r.cfg.Keep = true
		ctx, cancel := context.WithCancel(t.Context())
		added := 0
		go func() {
			for i := range Bound + 7 {
				r.Add(ctx, numbered(i))
				added++
			}
			r.End()
		}()
		synctest.Wait()
		if added != Bound {
			t.Errorf("%d were added, want %d", added, Bound)
		}
		r.Run(ctx)
		if len(*runs) != Bound+7 || len(*warned) > 0 {
			t.Errorf("%d runs, warned %q", len(*runs), *warned)
		}
		for i := range Bound {
			r.Add(ctx, numbered(i))
		}
		cancel()
		r.Add(ctx, numbered(0)) // returns
	})
}
