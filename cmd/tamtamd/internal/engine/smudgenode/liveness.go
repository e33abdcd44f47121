// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"sync"
	"time"
)

// standsStill is how long Smudge may hold a lock after a panic. It holds each for
// microseconds.
const standsStill = 5 * time.Second

// Wake has Run do one iteration soon.
func (n *Node) Wake() {
	select {
	case n.listener.wake <- struct{}{}:
	default:
	}
}

// Iterations returns how many iterations Run did. It no longer grows when woken if Smudge
// keeps one of its locks, and so neither pings nor finds anybody dead.
func (n *Node) Iterations() uint64 { return n.iterations.Load() }

// touch takes each lock that Smudge needs, so it does not return while one is kept.
func (n *Node) touch() {
	n.delivering.Lock()
	n.checkClockLocked()
	n.delivering.Unlock()
	n.touchSmudge()
}

func (n *Node) touchSmudge() {
	n.gate.enter()
	defer n.gate.leave()
	for _, l := range []sync.Locker{&pendingAcks, &knownNodes, &pingHistory} {
		take(l)
	}
}

func take(l sync.Locker) {
	l.Lock()
	defer l.Unlock()
}

// afterPanic ends the process if a panic in Smudge, which recover has ended, has left a
// lock of Smudge's behind: Smudge unlocks without defer. Nothing can free the lock, and
// without it the node is a member that never finds anybody dead.
func (n *Node) afterPanic() {
	free := make(chan struct{})
	go func() {
		n.touchSmudge()
		close(free)
	}()
	select {
	case <-free:
	case <-time.After(n.standsStill):
		n.fatal("smudge is deadlocked: a panic left one of its locks held")
	}
}
