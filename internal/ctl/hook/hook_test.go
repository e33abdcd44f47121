// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a run that ends after a time, or when it is asked to.
type fake struct {
	takes        time.Duration
	deaf, orphan bool // does not heed Terminate; leaves a process that does not
	err          error

	mu    sync.Mutex
	ends  chan struct{}
	calls []string
}

func (f *fake) call(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
	if name == "kill" || !f.deaf {
		if f.ends != nil {
			close(f.ends)
			f.ends = nil
		}
	}
}

func (f *fake) Wait() error {
	f.mu.Lock()
	ends := f.ends
	f.mu.Unlock()
	select {
	case <-time.After(f.takes):
	case <-ends:
	}
	return f.err
}
func (f *fake) Terminate()  { f.call("terminate") }
func (f *fake) Kill()       { f.call("kill") }
func (f *fake) Alive() bool { return f.orphan }

// runner runs a fake for each change, and collects the warnings and the inputs of the runs.
func runner(f *fake, coalesce time.Duration) (r *Runner, runs *[]run, warned *[]string) {
	runs, warned = &[]run{}, &[]string{}
	r = &Runner{
		cfg: Config{Noun: "change", Command: "x", Timeout: 30 * time.Second, Coalesce: coalesce, Env: []string{"BASE=1"},
			Warn: func(s string) { *warned = append(*warned, s) }},
		queue: newQueue(coalesce),
		start: func(one run) (process, error) {
			*runs = append(*runs, one)
			f.ends = make(chan struct{})
			return f, nil
		},
	}
	return r, runs, warned
}

// TestRunsAreGivenTheirChanges: one each with its variables, or several without.
func TestRunsAreGivenTheirChanges(t *testing.T) {
	for coalesce, want := range map[time.Duration][]run{
		0: {
			{stdin: []byte("0\n"), env: []string{"BASE=1", "TAMTAM_CHANGES=1", "TAMTAM_DROPPED=0", "N=0"}},
			{stdin: []byte("1\n"), env: []string{"BASE=1", "TAMTAM_CHANGES=1", "TAMTAM_DROPPED=0", "N=1"}},
		},
		time.Second: {{stdin: []byte("0\n1\n"), env: []string{"BASE=1", "TAMTAM_CHANGES=2", "TAMTAM_DROPPED=0"}}},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, runs, warned := runner(&fake{}, coalesce)
			r.Add(t.Context(), numbered(0))
			r.Add(t.Context(), numbered(1))
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			r.Run(ctx)
			if len(*runs) != len(want) || len(*warned) != 0 {
				t.Fatalf("%v: %+v, warned %q", coalesce, *runs, *warned)
			}
			for i, w := range want {
				if got := (*runs)[i]; got.command != "x" || string(got.stdin) != string(w.stdin) || !slices.Equal(got.env, w.env) {
					t.Errorf("%v: run %d is given %q and %q, want %q and %q", coalesce, i, got.stdin, got.env, w.stdin, w.env)
				}
			}
		})
	}
}

// TestRunsEnd: by themselves, at the timeout, and with the watch; asked first, and
// killed when that does not help within Grace.
func TestRunsEnd(t *testing.T) {
	const stop = 5 * time.Minute // the watch
	for name, c := range map[string]struct {
		fake   *fake
		calls  string
		took   time.Duration
		warned string
	}{
		"well":       {&fake{takes: time.Second}, "", time.Second, ""},
		"badly":      {&fake{takes: time.Second, err: errors.New("broken")}, "", time.Second, "ended with broken"},
		"late":       {&fake{takes: time.Hour}, "terminate", 30 * time.Second, "longer than 30s"},
		"deaf":       {&fake{takes: time.Hour, deaf: true}, "terminate kill", 30*time.Second + Grace, "longer than 30s"},
		"orphan":     {&fake{takes: time.Hour, orphan: true}, "terminate kill", 30*time.Second + Grace, "longer than 30s"},
		"background": {&fake{takes: time.Second, orphan: true}, "", time.Second, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := c.fake
				r, _, warned := runner(f, 0)
				began, took := time.Now(), time.Duration(0)
				ctx, cancel := context.WithTimeout(t.Context(), stop)
				defer cancel()
				r.run(ctx, []Change{numbered(0)}, 0)
				if took = time.Since(began); took < c.took || took > c.took+100*time.Millisecond {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				if got := strings.Join(f.calls, " "); got != c.calls {
					t.Errorf("calls %q, want %q", got, c.calls)
				}
				if got := strings.Join(*warned, " "); !strings.Contains(got, c.warned) || c.warned == "" && got != "" {
					t.Errorf("warned %q, want %q", got, c.warned)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		f := &fake{takes: time.Hour, deaf: true}
		r, runs, warned := runner(f, 0)
		r.cfg.Timeout = time.Hour
		r.Add(t.Context(), numbered(0))
		r.Add(t.Context(), numbered(1))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		r.Run(ctx)
		if took := time.Since(began); took != time.Second+Grace || strings.Join(f.calls, " ") != "terminate kill" || len(*runs) != 1 {
			t.Errorf("at the end: %v, %v, %d runs", took, f.calls, len(*runs))
		}
		if len(*warned) != 1 || !strings.HasPrefix((*warned)[0], "1 changes never reached") {
			t.Errorf("warned %q", *warned)
		}
	})
}

// TestDroppedAreTold: to the next run, and on stderr, once.
func TestDroppedAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, runs, warned := runner(&fake{}, 0)
		for i := range Bound + 7 {
			r.Add(t.Context(), numbered(i))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r.Run(ctx)
		if len(*runs) != Bound || !slices.Contains((*runs)[0].env, "TAMTAM_DROPPED=7") || !slices.Contains((*runs)[1].env, "TAMTAM_DROPPED=0") {
			t.Errorf("%d runs, the first with %q", len(*runs), (*runs)[0].env)
		}
		if len(*warned) != 1 || !strings.HasPrefix((*warned)[0], "7 changes were dropped") {
			t.Errorf("warned %q", *warned)
		}
	})
}

// TestEnd: what waits has its run, at once, before Run ends.
func TestEnd(t *testing.T) {
	for coalesce, want := range map[time.Duration]int{0: 3, time.Hour: 1} {
		synctest.Test(t, func(t *testing.T) {
			r, runs, warned := runner(&fake{takes: time.Second}, coalesce)
			began := time.Now()
			done := make(chan struct{})
			go func() {
				r.Run(t.Context())
				close(done)
			}()
			for i := range 3 {
				r.Add(t.Context(), numbered(i))
			}
			synctest.Wait()
			r.End()
			<-done
			if took := time.Since(began); len(*runs) != want || took != time.Duration(want)*time.Second || len(*warned) > 0 {
				t.Errorf("%d runs in %v, warned %q", len(*runs), took, *warned)
			}
			r.Run(t.Context()) // with nothing to do
		})
	}
}
