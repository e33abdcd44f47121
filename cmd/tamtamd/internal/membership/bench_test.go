// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// sizes of the clusters that are measured.
var sizes = []int{30, 100, 300, 1000, 4000}

// clustered returns a core with that many members, and the time.
func clustered(b testing.TB, members int) (*Core, time.Time) {
	b.Helper()
	now := time.Unix(1_000_000, 0)
	c := New(Config{
		Self: member.Identity{Addr: self, Info: member.Info{Session: 1, MaxPayload: 256}}, Heartbeat: heartbeat, MinPing: minPing,
		ReconnectTimeout: reconnectTimeout, Random: rand.New(rand.NewPCG(1, 2)),
	})
	for i := range members {
		c.Handle(now, wire.Event{Kind: wire.Up, Addr: nth(i), Session: uint64(i) + 1, Profile: Profile{MaxPayload: 256}.Encode()})
	}
	c.Tick(now)
	c.AppendOutputs(nil)
	if c.members.len() != members {
		b.Fatalf("%d members, want %d", c.members.len(), members)
	}
	return c, now
}

// each measures f, which takes the time, on clusters of each size. A millisecond passes
// between two calls.
func each(b *testing.B, f func(c *Core, members int) func(now time.Time)) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			c, now := clustered(b, n)
			call := f(c, n)
			var out []Output
			for b.Loop() {
				now = now.Add(time.Millisecond)
				call(now)
				out = c.AppendOutputs(out[:0])
			}
		})
	}
}

// BenchmarkEvent is a ping of a member with ten entries, as Smudge sends it.
func BenchmarkEvent(b *testing.B) {
	each(b, func(c *Core, members int) func(time.Time) {
		var entries []datagram.Entry
		for i := range 10 {
			entries = append(entries, datagram.Entry{Status: datagram.Alive, Addr: nth(i * members / 10), Heartbeat: 1, Source: nth(0)})
		}
		from := nth(1)
		data := datagram.Compose(datagram.IPv4, datagram.Ping, from.Port(), 1, entries)
		return func(now time.Time) {
			c.Handle(now, wire.Event{Kind: wire.Received, Channel: DatagramChannel, Addr: from, Session: 2, Data: data})
		}
	})
}

// BenchmarkTick is what a node does by itself, at each time that something is due.
func BenchmarkTick(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			c, _ := clustered(b, n)
			var out []Output
			for b.Loop() {
				c.Tick(c.Next())
				out = c.AppendOutputs(out[:0])
			}
		})
	}
}

// BenchmarkTurn is the same without the comparisons, which take all records every 30 heartbeats.
func BenchmarkTurn(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			c, now := clustered(b, n)
			c.antiEntropy = spread.NewAntiEntropy()
			c.antiEntropy.Due(10_000*time.Hour, now)
			var out []Output
			for b.Loop() {
				c.Tick(c.Next())
				out = c.AppendOutputs(out[:0])
			}
		})
	}
}

// BenchmarkMerge is the list of members of another node, which knows one more.
func BenchmarkMerge(b *testing.B) {
	each(b, func(c *Core, members int) func(time.Time) {
		var l memberList
		for i := range members + 1 {
			l.members = append(l.members, nth(i))
		}
		messages := l.encode()
		from := nth(1)
		return func(now time.Time) {
			for _, m := range messages {
				c.Handle(now, wire.Event{Kind: wire.Received, Channel: MembersChannel, Addr: from, Session: 2, Data: m})
			}
		}
	})
}
