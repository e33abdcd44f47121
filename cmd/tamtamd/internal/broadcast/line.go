// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"slices"
	"sync"
)

// line has the senders that wait for places in the window, in the order in which they came. Only the first may take
// some: one that needs many would never find them free if those that need few were served meanwhile. Its users hold
// one mutex. The zero value is an empty line.
type line struct{ turns []*turn }

// turn is a sender in a line.
type turn struct {
	places int           // that it needs
	look   chan struct{} // has one if it is to look whether it may go on
}

// join puts a sender at the end of the line.
func (l *line) join(places int) *turn {
	t := &turn{places, make(chan struct{}, 1)}
	l.turns = append(l.turns, t)
	return t
}

// leave takes a sender out of the line.
func (l *line) leave(t *turn) {
	l.turns = slices.DeleteFunc(l.turns, func(o *turn) bool { return o == t })
	l.wake()
}

func (l *line) isFirst(t *turn) bool { return l.turns[0] == t }

// places returns how many the first sender needs; 0 if none waits.
func (l *line) places() int {
	if len(l.turns) == 0 {
		return 0
	}
	return l.turns[0].places
}

// wake has the first sender look whether it may go on.
func (l *line) wake() {
	if len(l.turns) > 0 {
		select {
		case l.turns[0].look <- struct{}{}:
		default:
		}
	}
}

// wait waits until the sender is to look, and releases mu meanwhile. It returns false if ctx is done first.
func (t *turn) wait(ctx context.Context, mu *sync.Mutex) bool {
	mu.Unlock()
	defer mu.Lock()
	select {
	case <-t.look:
		return true
	case <-ctx.Done():
		return false
	}
}
