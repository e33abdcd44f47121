// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/wallclock"
)

// setClock stands in for a Watch of a wall clock that was set just now. To Smudge, all
// pings under way began by as much earlier.
type setClock struct {
	jump time.Duration
	once sync.Once
}

func (c *setClock) Jump(time.Time) (jump time.Duration) {
	c.once.Do(func() {
		the.node.gate.enter()
		defer the.node.gate.leave()
		pendingAcks.Lock()
		defer pendingAcks.Unlock()
		for _, pending := range pendingAcks.m {
			pending.startTime -= uint32(c.jump.Milliseconds())
		}
		jump = c.jump
	})
	return jump
}

// TestClockIsSet: a wall clock that is set while a ping is under way spoils neither the
// round trip nor the probe timeout.
func TestClockIsSet(t *testing.T) {
	the.node.SetMinPing(5 * time.Second)
	defer the.node.SetMinPing(300 * time.Millisecond)
	use := func(clock interface{ Jump(time.Time) time.Duration }) {
		the.node.delivering.Lock()
		defer the.node.delivering.Unlock()
		the.node.clock = clock
	}
	defer use(wallclock.New(time.Now()))
	p := netip.MustParseAddrPort("[2001:db8::c10c]:1")
	for name, jump := range map[string]time.Duration{
		"a little forward": 150 * time.Millisecond, "a little back": -150 * time.Millisecond,
		"forward by seconds": 20 * time.Second, "back by seconds": -20 * time.Second,
		"forward": time.Hour, "back": -time.Hour, "far back": -48 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			the.locked(func() { the.beats[p] = nil }) // it does not answer by itself
			if err := the.node.Add(p); err != nil {
				t.Fatal(err)
			}
			defer the.node.Remove(p)
			eventually(t, "it is pinged", func() bool { return len(the.beats[p]) > 0 })
			var beat uint32
			the.locked(func() { beat = the.beats[p][0] })
			before := counted()["smudge_clock_sets"]
			use(&setClock{jump: jump})
			d, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ack, p.Port(), beat), datagram.IPv6)
			the.node.Deliver(p, d, all{})

			if ms := the.node.States()[p].PingMillis; ms < 0 || ms > 4000 {
				t.Errorf("the round trip took %d ms", ms)
			}
			pingHistory.RLock()
			defer pingHistory.RUnlock()
			for _, ms := range pingHistory.pings {
				if ms != 5000 {
					t.Errorf("a round trip of %d ms is remembered", ms)
				}
			}
			if n := counted()["smudge_clock_sets"] - before; n != 1 {
				t.Errorf("counted %d times", n)
			}
		})
	}
}
