// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package reload reads the daemon's configuration again while the daemon runs. It applies
// the changes that need no restart, and logs those that do. It does not know what a key
// means: the functions that apply a change are registered by key.
package reload

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// Settings are a configuration that has been read and checked.
type Settings struct {
	Flags *daemonflags.Flags
	// Values has the values of all keys as text, to compare and log. None is a secret.
	Values map[string]string
}

// Config has what a Reloader needs. All fields are required.
type Config struct {
	Running Settings
	// Read reads and checks the configuration. It changes nothing.
	Read   func() (Settings, error)
	Logger log.Logger
}

// Reloader reloads the configuration. Its methods may be called from any goroutine, but
// Apply and OnReload only before the first Reload.
type Reloader struct {
	cfg   Config
	apply map[string]func(*daemonflags.Flags) error
	hooks []hook

	one sync.Mutex // one Reload at a time

	mu     sync.Mutex // guards the rest
	status Status
}

type hook struct {
	name string
	f    func() error
}

// Status is the outcome of the reloads so far.
type Status struct {
	Succeeded, Failed uint64
	Last              time.Time // the zero time before the first
	LastFailed        bool
}

// New returns a Reloader that applies nothing yet.
func New(cfg Config) *Reloader {
	return &Reloader{cfg: cfg, apply: make(map[string]func(*daemonflags.Flags) error)}
}

// Apply registers a function that a Reload calls for each of the keys whose value differs
// from the running one. Keys without a function need a restart.
func (r *Reloader) Apply(f func(*daemonflags.Flags) error, keys ...string) {
	for _, k := range keys {
		r.apply[k] = f
	}
}

// OnReload registers a function for every Reload whose configuration is valid, such as
// one that reads a file that a key names. The name is for the log.
func (r *Reloader) OnReload(name string, f func() error) { r.hooks = append(r.hooks, hook{name, f}) }

// Status returns the outcome of the reloads so far.
func (r *Reloader) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status
}

// Reload reads the configuration. If it is not valid, nothing changes. Otherwise each
// changed key is applied, or logged as one that needs a restart, and all hooks are
// called. The error names the keys and hooks that failed.
func (r *Reloader) Reload() error {
	r.one.Lock()
	defer r.one.Unlock()
	err := r.reload()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.Last, r.status.LastFailed = time.Now(), err != nil
	if err != nil {
		r.status.Failed++
		_ = level.Error(r.cfg.Logger).Log("msg", "configuration not reloaded, or not all of it", "err", err)
		return err
	}
	r.status.Succeeded++
	_ = level.Info(r.cfg.Logger).Log("msg", "configuration reloaded")
	return nil
}

func (r *Reloader) reload() error {
	next, err := r.cfg.Read()
	if err != nil {
		return err
	}
	running := r.cfg.Running.Values
	var errs []error
	for _, key := range changed(running, next.Values) {
		f, to := r.apply[key], next.Values[key]
		if f == nil {
			_ = level.Warn(r.cfg.Logger).Log("msg", "change needs a restart",
				"key", key, "running", running[key], "configured", to)
			continue
		}
		if err := f(next.Flags); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
			continue
		}
		_ = level.Info(r.cfg.Logger).Log("msg", "change applied", "key", key, "from", running[key], "to", to)
		running[key] = to
	}
	for _, h := range r.hooks {
		if err := h.f(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", h.name, err))
		}
	}
	return errors.Join(errs...)
}

// changed returns the keys whose values differ, sorted.
func changed(from, to map[string]string) []string {
	var keys []string
	for k, v := range to {
		if from[k] != v {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}
