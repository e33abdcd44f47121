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

// watched is a value that is made of files, and made anew when one of them changes.
// There is no timer: whoever gets it looks whether they did, which costs a microsecond
// a file. Files that are gone or make no value leave the old one in force, so that an
// editor or a copy that is half done locks nobody out.
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
	w.seen = w.look() // before load, so that what is written meanwhile is seen
	var err error
	w.value, err = load()
	return w, err
}

// get returns the value of the files as they are, or as they were when they last
// made one.
func (w *watched[T]) get() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.look()
	if w.same(now) {
		return w.value
	}
	w.seen = now // a value that is broken is tried, and logged, once
	names := strings.Join(w.paths, " ")
	value, err := w.load()
	if err != nil {
		_ = level.Error(w.logger).Log("msg", "changed file not taken, the old one stays in force", "file", names, "err", err)
		return w.value
	}
	_ = level.Info(w.logger).Log("msg", "changed file read", "file", names)
	w.value = value
	return value
}

// look returns what tells one state of the files from another; nil for one that is
// not there.
func (w *watched[T]) look() []fs.FileInfo {
	all := make([]fs.FileInfo, len(w.paths))
	for i, p := range w.paths {
		if st, err := os.Stat(p); err == nil { // follows links, as those of Kubernetes
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
