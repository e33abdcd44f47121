// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// BenchmarkReceive is what an operation, a message of 200 bytes, takes a member of a hundred: pushes of
// five messages each, ten in a row, whose store is full and which has no readers. Where a hundred
// members take turns, as they do on one machine, little of what one needs is in the processor's cache.
func BenchmarkReceive(b *testing.B) {
	const each, row, keep, peers = 5, 10, 4096, 100
	batch := make([]Message, each)
	for i := range batch {
		batch[i] = Message{Stream: Stream{nthAddr(1), 1}, Sequence: uint64(i) + 1, Payload: make([]byte, 200), Sent: time.Unix(1e9, 0)}
	}
	push, n := appendBatch(nil, batch, true)
	if n != each {
		b.Fatalf("%d messages in a push", n)
	}
	for _, members := range []int{1, 100} {
		b.Run(fmt.Sprintf("%d members", members), func(b *testing.B) {
			var all []*Broadcaster
			for range members {
				w := New(Config{
					Local: local, MaxPayload: MaxPayload, Keep: keep, KeepBytes: limits.KeepBytes,
					Send:  func(netip.AddrPort, []byte, uint64, bool) bool { return true },
					Flush: func() {},
				})
				for i := range peers {
					w.OnMember(member.Change{Member: member.Member{
						Addr: nthAddr(i + 1), Status: member.Alive, Info: member.Info{Session: 1, MaxPayload: MaxPayload},
					}})
				}
				all = append(all, w)
			}
			next := uint64(1)
			receive := func() (messages int) {
				for _, w := range all {
					for i := range uint64(row) {
						binary.BigEndian.PutUint64(push[1+streamSize:], next+i*each)
						w.Receive(nthAddr(1), push)
					}
				}
				next += row * each
				return row * each * members
			}
			for next < 2*keep {
				receive()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += receive() {
			}
			b.StopTimer()
			for _, w := range all {
				if last := w.core.streams[batch[0].Stream].have(); last != next-1 || w.core.store.len() != keep {
					b.Fatalf("%d of %d messages were delivered, %d are kept", last, next-1, w.core.store.len())
				}
			}
		})
	}
}
