// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reload

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// bench is a Reloader whose configuration the test writes.
type bench struct {
	*Reloader
	file    map[string]string
	err     error
	log     bytes.Buffer
	applied []string
}

func newBench() *bench {
	b := &bench{file: map[string]string{"verbose": "false", "port": "9999", "join": ""}}
	b.Reloader = New(Config{
		Running: Settings{Values: maps.Clone(b.file)},
		Read: func() (Settings, error) {
			return Settings{&daemonflags.Flags{Verbose: b.file["verbose"] == "true"}, maps.Clone(b.file)}, b.err
		},
		Logger: log.NewLogfmtLogger(&b.log),
	})
	b.Apply(func(f *daemonflags.Flags) error {
		b.applied = append(b.applied, "verbose")
		if !f.Verbose {
			return errors.New("cannot be silent")
		}
		return nil
	}, "verbose")
	return b
}

func (b *bench) logged(what string) int { return strings.Count(b.log.String(), what) }

func TestChangesAreAppliedOnce(t *testing.T) {
	b := newBench()
	if err := b.Reload(); err != nil || len(b.applied) != 0 || b.logged("key=") != 0 {
		t.Errorf("without a change: %v, applied %v", err, b.applied)
	}
	b.file["verbose"], b.file["port"] = "true", "1"
	for range 2 {
		if err := b.Reload(); err != nil {
			t.Error(err)
		}
	}
	if len(b.applied) != 1 || b.logged("change applied\" key=verbose from=false to=true") != 1 {
		t.Errorf("applied %v, logged %s", b.applied, b.log.String())
	}
	// A key that needs a restart is logged until there is one.
	if b.logged("change needs a restart\" key=port running=9999 configured=1") != 2 {
		t.Errorf("logged %s", b.log.String())
	}
	if s := b.Status(); s.Succeeded != 3 || s.Failed != 0 || s.LastFailed || s.Last.IsZero() {
		t.Errorf("status %+v", s)
	}
}

func TestBadConfigurationChangesNothing(t *testing.T) {
	b := newBench()
	hooked := false
	b.OnReload("file", func() error { hooked = true; return nil })
	b.file["verbose"], b.err = "true", errors.New("f.yaml:3: no")
	if err := b.Reload(); !errors.Is(err, b.err) || len(b.applied) != 0 || hooked || b.logged("f.yaml:3: no") != 1 {
		t.Errorf("%v, applied %v, hooked %v", err, b.applied, hooked)
	}
	if s := b.Status(); s.Failed != 1 || !s.LastFailed {
		t.Errorf("status %+v", s)
	}
}

// TestOneFailureKeepsNobodyFromIt: a key or a hook that fails is told, tried again, and all
// others are done.
func TestOneFailureKeepsNobodyFromIt(t *testing.T) {
	b := newBench()
	b.cfg.Running.Values["verbose"] = "true"
	calls := 0
	b.OnReload("tls", func() error { return errors.New("no such file") })
	b.OnReload("tokens", func() error { calls++; return nil })
	for i := range 2 {
		err := b.Reload()
		if err == nil || !strings.Contains(err.Error(), "verbose: cannot be silent") || !strings.Contains(err.Error(), "tls: no such file") {
			t.Errorf("error %v", err)
		}
		if calls != i+1 || len(b.applied) != i+1 {
			t.Errorf("after %d: hooks %d, applied %v", i+1, calls, b.applied)
		}
	}
}
