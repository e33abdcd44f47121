// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net/netip"
	"testing"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

func TestIterationsWhenWoken(t *testing.T) {
	for range 3 {
		before := the.node.Iterations()
		eventually(t, "Run responds", func() bool {
			the.node.Wake()
			return the.node.Iterations() > before
		})
	}
}

// TestPanicThatKeepsALock: a panic in Smudge that leaves a lock behind is seen, and ends
// the process; one that does not is only counted.
func TestPanicThatKeepsALock(t *testing.T) {
	p := netip.MustParseAddrPort("[2001:db8::dead]:1")
	the.forget(p)
	the.locked(func() { the.up[p] = true })
	if err := the.node.Add(p); err != nil {
		t.Fatal(err)
	}
	defer the.node.Remove(p)
	the.node.SetMinPing(time.Minute) // or Smudge finds what is made below too old
	defer the.node.SetMinPing(300 * time.Millisecond)

	ended := make(chan string, 1)
	setUp := func(fatal func(string), within time.Duration) {
		the.node.fatal, the.node.standsStill = fatal, within
	}
	defer setUp(the.node.fatal, standsStill)
	setUp(func(why string) { ended <- why }, 50*time.Millisecond)

	// Nothing is wrong with Smudge.
	the.node.afterPanic()
	select {
	case why := <-ended:
		t.Fatalf("ended for nothing: %s", why)
	default:
	}

	// An answer to a ping of nobody: Smudge panics with the lock of pendingAcks held.
	const beat = 7
	the.node.mu.Lock()
	virtual := the.node.byReal[p].virtual
	the.node.mu.Unlock()
	the.node.gate.enter()
	pendingAcks.Lock()
	pendingAcks.m[pendingKey(virtual, beat)] = &pendingAck{startTime: smudge.GetNowInMillis()}
	pendingAcks.Unlock()
	the.node.gate.leave()
	before := the.node.counts.Get(panics)
	d, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ack, p.Port(), beat), datagram.IPv6)
	the.node.Deliver(p, d, all{})
	defer the.node.counts.Put(panics, before) // other tests want none
	if have := the.node.counts.Get(panics); have != before+1 {
		t.Fatalf("%d panics, want %d", have, before+1)
	}
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Error("the process goes on, and Smudge does not")
	}
	the.node.Wake()
	stuck := the.node.Iterations()
	the.node.Wake()
	if have := the.node.Iterations(); have > stuck+1 {
		t.Errorf("Run responds: %d iterations after %d", have, stuck)
	}

	pendingAcks.m = map[string]*pendingAck{}
	pendingAcks.Unlock()
	eventually(t, "all goes on", func() bool {
		the.node.Wake()
		return the.node.Iterations() > stuck+2 && the.pinged[p] > 5
	})
}
