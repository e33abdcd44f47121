// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"crypto/rand"
	"testing"
	"time"
)

// TestOverload: garbage at an encrypted node, as fast as one sender can, for a bounded time. The
// other floods are paced to what the daemon takes; this one is not. The kernel drops what does not
// fit. No member is seen as dead, and no memory stays.
func TestOverload(t *testing.T) {
	key, _ := NewKey(t)
	all, _ := Sealed(t, bin, 3, key)
	victim := all[0]
	watch, pulse := StartWatch(t, all[1]), StartPulse(t)
	s := newRawSocket(t)
	received := func() uint64 { return victim.Counters()["datagrams_received"] }
	garbage := make([]byte, 200)
	_, _ = rand.Read(garbage)
	before, memory, files := received(), residentKiB(t, victim), openFiles(t, victim)
	sent, began := uint64(0), time.Now()
	for time.Since(began) < 5*time.Second {
		s.send(victim, garbage)
		sent++
	}
	took := time.Since(began)
	var taken, last uint64
	Eventually(t, "the queue of the kernel is empty", func() bool {
		last, taken = taken, received()-before
		return taken-last < 100 // what the members send
	})
	t.Logf("sent %d in %v, %d received, so %d or more dropped by the kernel", sent, took, taken, max(sent, taken)-taken)
	dead := 0
	for _, e := range watch.Of(victim) {
		if e.Member.Status == "DEAD" {
			dead++
		}
	}
	pulse.NotDead(t, dead)
	unharmed(t, victim, all, memory, files)
}
