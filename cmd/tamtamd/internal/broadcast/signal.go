// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"sync"
)

// signal wakes all that wait for it. Its users hold one mutex. Use newSignal.
type signal struct {
	next    chan struct{} // closed and replaced by wake
	waiting int
}

func newSignal() signal { return signal{next: make(chan struct{})} }

func (s *signal) wake() {
	if s.waiting > 0 {
		close(s.next)
		s.next = make(chan struct{})
	}
}

// wait waits for wake, and releases mu meanwhile. It returns false if ctx is done first.
func (s *signal) wait(ctx context.Context, mu *sync.Mutex) bool {
	s.waiting++
	next := s.next
	mu.Unlock()
	defer func() {
		mu.Lock()
		s.waiting--
	}()
	select {
	case <-next:
		return true
	case <-ctx.Done():
		return false
	}
}
