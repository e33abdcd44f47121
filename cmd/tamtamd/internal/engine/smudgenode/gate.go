// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"sync"
	"time"

	"github.com/clockworksoul/smudge"
)

// afterTimeout is for how long the gate stays open after a ping has timed out. Smudge
// then asks helpers, from another goroutine, which must not find the lock taken.
const afterTimeout = time.Second

// gate holds the lock of pendingAcks while Smudge waits for no answer. Smudge takes it ten
// times a second to look for timeouts, for as long as it lives. With the lock taken, that
// goroutine waits without a timer, and a node at rest is not woken for nothing: in most
// of a second there is no ping under way.
//
//	Ping ──▶ open: Smudge looks every 100 ms
//	         the answer: nothing is pending any more ──▶ shut
//	         no answer: open until Smudge has judged, and for afterTimeout
//
// So what calls Smudge in a way that takes the lock must be between enter and leave.
// Smudge itself only does when it is called, or in what follows from a timeout: it begins
// no ping by itself. See configure.
type gate struct {
	mu    sync.Mutex // taken before Smudge's locks
	users int        // between enter and leave
	shut  bool       // pendingAcks is locked by the gate, and empty
	pings int        // sent, and not answered
	late  uint32     // an answer after so many milliseconds may come too late
	calm  time.Time  // it stays open until then
}

// enter opens the gate.
func (g *gate) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.users++
	if g.shut {
		g.shut = false
		pendingAcks.Unlock()
	}
}

// leave shuts the gate if nobody needs it open. It waits for nothing: if the lock is taken,
// the next one who leaves shuts the gate.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users--; g.users > 0 || !pendingAcks.TryLock() {
		return
	}
	if g.shut = g.idle(time.Now()); !g.shut {
		pendingAcks.Unlock()
	}
}

// idle reports whether Smudge waits for no answer, and will not take the lock by itself.
// Both locks are held.
func (g *gate) idle(now time.Time) bool {
	if len(pendingAcks.m) > 0 {
		return false
	}
	if g.pings > 0 { // it was not an answer that ended the last
		g.pings, g.calm = 0, now.Add(afterTimeout)
	}
	return !now.Before(g.calm)
}

// pending returns what Smudge waits for by the key of pendingAcks; nil for nothing.
func (g *gate) pending(key string) *pendingAck {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return nil
	}
	pendingAcks.RLock()
	defer pendingAcks.RUnlock()
	return pendingAcks.m[key]
}

// pinged notes that Smudge has sent a ping.
func (g *gate) pinged() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pings++
}

// answered notes that the answer to a ping has come. One that came so late that Smudge may
// have given the ping up meanwhile does not count.
func (g *gate) answered(p *pendingAck) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.packType == packPing && smudge.GetNowInMillis()-p.startTime <= g.late {
		g.pings = max(0, g.pings-1)
	}
}

// setTimeout takes the shortest time after which a ping times out.
func (g *gate) setTimeout(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.late = uint32(d.Milliseconds() / 2)
}
