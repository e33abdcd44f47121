// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
)

// watched is a value that is loaded from files, and loaded again when one of them changes.
// There is no timer: get checks the files, which takes a microsecond for each. While a file
// is missing or bad, the old value stays in effect. So a file that is only half written
// locks no client out.
type watched[T any] struct {
	paths  []string
	load   func() (T, error)
	logger log.Logger

	mu    sync.Mutex // guards what follows
	seen  []fs.FileInfo
	value T
}

// watch loads the value for the first time.
func watch[T any](logger log.Logger, load func() (T, error), paths ...string) (*watched[T], error) {
	w := &watched[T]{paths: paths, load: load, logger: logger}
	w.seen = w.stat() // before load, so that get notices a change during the load
	var err error
	w.value, err = load()
	return w, err
}

// get returns the value of the present files, or the last good one.
func (w *watched[T]) get() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.stat()
	if w.same(now) {
		return w.value
	}
	w.seen = now // so a bad file is loaded, and logged, only once
	names := strings.Join(w.paths, " ")
	value, err := w.load()
	if err != nil {
		_ = level.Error(w.logger).Log("msg", "changed file is bad, the old content stays in effect",
			"file", names, "err", err)
		return w.value
	}
	_ = level.Info(w.logger).Log("msg", "changed file read", "file", names)
	w.value = value
	return value
}

// stat returns the state of each file, by which same finds changes; nil for a missing one.
func (w *watched[T]) stat() []fs.FileInfo {
	all := make([]fs.FileInfo, len(w.paths))
	for i, p := range w.paths {
		if st, err := os.Stat(p); err == nil { // follows symbolic links, which Kubernetes replaces
			all[i] = st
		}
	}
	return all
}

func (w *watched[T]) same(now []fs.FileInfo) bool {
	for i, a := range w.seen {
		b := now[i]
		if a == nil || b == nil {
			if a != b {
				return false
			}
			continue
		}
		if !os.SameFile(a, b) || a.Size() != b.Size() || !a.ModTime().Equal(b.ModTime()) || a.Mode() != b.Mode() {
			return false
		}
	}
	return true
}
