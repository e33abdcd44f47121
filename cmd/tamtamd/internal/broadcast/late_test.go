// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
)

// TestLateness: a loop whose iterations take long reports that it does late what becomes due
// meanwhile; one that has the time reports nothing.
func TestLateness(t *testing.T) {
	for _, took := range []time.Duration{0, 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var worst atomic.Int64
			var slow atomic.Bool
			b := New(Config{
				Local: local, MaxPayload: 256, Keep: 100, KeepBytes: 1 << 20,
				Late:  func(by time.Duration) { worst.Store(max(worst.Load(), int64(by))) },
				Flush: func() {},
				Send: func(netip.AddrPort, []byte, uint64, bool) bool {
					if slow.Load() {
						time.Sleep(took)
					}
					return true
				},
			})
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { b.Run(ctx) })
			b.OnMember(member.Change{Member: member.Member{Addr: peer, Status: member.Alive, Info: member.Info{Session: 2}}})
			for number := range uint64(3) {
				if _, err := b.Send(ctx, Request{}); err != nil {
					t.Fatal(err)
				}
				if number < 2 { // what is over when the next is sent is not late
					b.Acked(peer, 2, number+1)
					time.Sleep(10 * time.Minute)
				}
			}
			slow.Store(true) // the peer acknowledges nothing, so there is something to repair
			time.Sleep(time.Minute)
			cancel()
			running.Wait()
			switch late := time.Duration(worst.Load()); {
			case took == 0 && late != 0:
				t.Errorf("late by %v with time enough", late)
			case took > 0 && late < lateness.From:
				t.Errorf("late by %v when an iteration takes %v", late, took)
			}
		})
	}
}
