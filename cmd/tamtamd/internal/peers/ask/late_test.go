// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// TestLateness: a loop that is held up by its work reports how late the timeout of a question is,
// and nothing if it has the time.
func TestLateness(t *testing.T) {
	for _, took := range []time.Duration{0, 400 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			var worst atomic.Int64
			sent := 0
			x := New(Config{
				Self: member.Identity{Addr: at(0), Info: member.Info{Session: 1}},
				Late: func(by time.Duration) { worst.Store(max(worst.Load(), int64(by))) },
				SendQuestion: func(netip.AddrPort, []byte) bool {
					if sent++; sent > 1 { // the loop repeats it
						time.Sleep(took)
					}
					return true
				},
				SendAnswer: func(netip.AddrPort, []byte) bool { return true },
				Flush:      func() {},
				Random:     func() uint64 { return 1 },
			})
			go x.Run(t.Context())
			x.OnMember(member.Change{Member: member.Member{Addr: at(1), Status: member.Alive, Info: member.Info{Session: 2}}})
			time.Sleep(time.Hour)
			feed, _, err := x.Query(Request{Topic: "x", Timeout: firstRepeat + 100*time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			end(t, feed)
			want := max(0, took-100*time.Millisecond)
			if late := time.Duration(worst.Load()); late != want || sent < 2 {
				t.Errorf("late by %v after %d questions, want %v", late, sent, want)
			}
		})
	}
}
