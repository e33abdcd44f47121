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

// isShut reports whether the gate is shut. It fails if Smudge waits for an answer behind it.
func (g *gate) isShut(t *testing.T) bool {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut && len(pendingAcks.m) > 0 {
		t.Errorf("the gate is shut, and %d answers are waited for", len(pendingAcks.m))
	}
	return g.shut
}

// TestGateIsShutAtRest: as soon as the answer to a ping has come, and not before.
func TestGateIsShutAtRest(t *testing.T) {
	p := netip.MustParseAddrPort("[2001:db8::6a7e]:1")
	the.forget(p)
	the.locked(func() { the.up[p] = true })
	if err := the.node.Add(p); err != nil {
		t.Fatal(err)
	}
	defer the.node.Remove(p)
	eventually(t, "it is pinged", func() bool { return the.pinged[p] > 10 })
	eventually(t, "the gate is shut", func() bool { return the.node.gate.isShut(t) })

	the.locked(func() { the.up[p] = false })
	eventually(t, "it is dead", func() bool {
		the.node.gate.isShut(t)
		return last(the.statuses[p]) == datagram.Dead
	})
}

// TestGateStaysOpenAfterATimeout: Smudge asks helpers from another goroutine, whenever that
// gets a processor.
func TestGateStaysOpenAfterATimeout(t *testing.T) {
	g := &the.node.gate
	shut := func() bool {
		g.enter()
		g.leave()
		return g.isShut(t)
	}
	eventually(t, "the gate is shut", shut) // there are no peers
	g.enter()
	g.pinged()
	began := time.Now()
	g.leave() // nothing is pending, so it timed out
	if g.isShut(t) {
		t.Fatal("the gate is shut right after a ping has timed out")
	}
	eventually(t, "the gate is shut", shut)
	if took := time.Since(began); took < afterTimeout {
		t.Errorf("the gate is shut after %v", took)
	}
}

// TestLateAnswerIsNoAnswer: Smudge may have given up the ping at the same moment.
func TestLateAnswerIsNoAnswer(t *testing.T) {
	const least = 300 * time.Millisecond
	for _, c := range []struct {
		name string
		kind byte
		age  time.Duration
		left int
	}{
		{"in time", packPing, 0, 0},
		{"late", packPing, least, 1},
		{"of a helper", packPingReq, 0, 1},
	} {
		g := gate{pings: 1}
		g.setTimeout(least)
		began := smudge.GetNowInMillis() - uint32(c.age.Milliseconds())
		g.answered(&pendingAck{startTime: began, packType: c.kind})
		if g.pings != c.left {
			t.Errorf("%s: %d pings wait, want %d", c.name, g.pings, c.left)
		}
	}
}
