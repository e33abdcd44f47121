// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"sync/atomic"
	"testing"
	"time"
)

// Still is how long a machine may stand still before a daemon on it can be taken for dead, whatever
// the daemon does. It is a heartbeat of StartDaemon: a member gets a few of them to answer.
const Still = 200 * time.Millisecond

// Pulse measures whether the machine gives this process its time.
type Pulse struct{ longest atomic.Int64 }

// StartPulse starts to measure, until the test ends.
func StartPulse(t testing.TB) *Pulse {
	t.Helper()
	p, stop, ended := &Pulse{}, make(chan struct{}), make(chan struct{})
	const every = 10 * time.Millisecond
	tick := time.NewTicker(every)
	go func() {
		defer close(ended)
		for last := time.Now(); ; {
			select {
			case <-stop:
				return
			case <-tick.C:
				now := time.Now()
				p.longest.Store(max(p.longest.Load(), int64(now.Sub(last)-every)))
				last = now
			}
		}
	}()
	t.Cleanup(func() {
		tick.Stop()
		close(stop)
		<-ended
	})
	return p
}

// Longest is the longest time so far in which the process did not run.
func (p *Pulse) Longest() time.Duration { return time.Duration(p.longest.Load()) }

// NotDead fails the test if a daemon that was attacked was seen as dead, unless the machine stood
// still meanwhile.
func (p *Pulse) NotDead(t testing.TB, dead int) {
	t.Helper()
	switch still := p.Longest(); {
	case dead == 0:
	case still > Still:
		t.Logf("seen as dead %d times, on a machine that stood still for %v", dead, still)
	default:
		t.Errorf("seen as dead %d times; the machine stood still for %v at most", dead, still)
	}
}
