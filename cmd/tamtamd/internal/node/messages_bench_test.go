// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// benchMembers is how many members the receiver has beside the origin.
const benchMembers = 100

// receiver is a member on the loopback interface, put together as Assemble does, without an engine.
type receiver struct {
	messages *broadcast.Broadcaster
	got      int           // messages, of want
	want     int           // after which done is told
	done     chan struct{} // has room for one
}

func newReceiver(b *testing.B) (*receiver, netip.AddrPort) {
	b.Helper()
	socket, err := wire.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		b.Skip(err)
	}
	self := member.Identity{Addr: socket.Local(), Info: member.Info{MaxPayload: limits.MaxPayload}}
	endpoint := wire.NewEndpoint(socket, wire.CoreConfig{
		Info:   wire.Info{Addr: self.Addr, Cluster: "bench", Profile: membership.Profile(self.Info).Encode()},
		Timing: wire.Local, Channels: membership.Channels,
	})
	self.Session = endpoint.Session()
	table := member.NewTable(self.Addr, self.Info, 0, time.Now)
	r := &receiver{done: make(chan struct{}, 1)}
	r.messages = broadcast.New(broadcast.Config{
		Local: broadcast.Stream{Origin: self.Addr, Session: self.Session}, MaxPayload: self.MaxPayload, Keep: 4096, KeepBytes: limits.KeepBytes,
		Send: func(to netip.AddrPort, b []byte, token uint64, push bool) bool {
			return endpoint.Queue(to, membership.ChannelOf(push), b, token)
		},
		SendBare: endpoint.QueueBare, Flush: endpoint.Flush,
	})
	r.messages.Follow(func(broadcast.Delivery) {
		if r.got++; r.got == r.want {
			r.done <- struct{}{}
		}
	})
	table.Follow(r.messages.OnMember)
	n := New(Config{
		Self: self, Heartbeat: time.Hour, MinPing: time.Hour, ReconnectTimeout: time.Hour,
		Engine: engine{&world{engine: map[netip.AddrPort]bool{}}}, Wire: endpoint, Table: table, Logger: log.NewNopLogger(),
		OnMessage: r.messages.Receive, OnAcked: r.messages.Acked,
	})
	profile := membership.Profile{MaxPayload: limits.MaxPayload}.Encode()
	for i := range benchMembers {
		n.Handle(wire.Event{Kind: wire.Up, Addr: nth(i + 1), Session: uint64(i) + 1, Profile: profile})
	}
	n.Handled()
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{}, 3)
	for _, loop := range []func(){
		func() { n.Run(ctx) }, func() { r.messages.Run(ctx) }, func() { _ = endpoint.Run(n.Handle, n.Handled) },
	} {
		go func() {
			loop()
			ended <- struct{}{}
		}()
	}
	b.Cleanup(func() {
		cancel()
		endpoint.Close()
		for range cap(ended) {
			<-ended
		}
	})
	return r, self.Addr
}

// BenchmarkMessages is what an operation, a message of 200 bytes, takes from the socket of a member to
// its store, which is full: pushes of five messages each, ten in a row. What it takes to send a push is
// in it, too, and the acknowledgements; where there are fifty members, little of what takes the origin
// once for all of them. With -cpu 1, the time is that of the processor.
func BenchmarkMessages(b *testing.B) {
	for _, members := range []int{1, 50} {
		b.Run(fmt.Sprintf("%d members", members), func(b *testing.B) { benchMessages(b, members) })
	}
}

func benchMessages(b *testing.B, members int) {
	const each, row = 5, 10
	socket, err := wire.Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		b.Skip(err)
	}
	sender := wire.NewEndpoint(socket, wire.CoreConfig{
		Info:   wire.Info{Addr: socket.Local(), Cluster: "bench", Profile: membership.Profile{MaxPayload: limits.MaxPayload}.Encode()},
		Timing: wire.Local, Channels: membership.Channels,
	})
	defer sender.Close()
	up := make(chan struct{}, members)
	go func() {
		_ = sender.Run(func(e wire.Event) {
			if e.Kind == wire.Up {
				up <- struct{}{}
			}
		}, func() {})
	}()
	to := map[netip.AddrPort]*receiver{}
	for range members {
		r, a := newReceiver(b)
		to[a] = r
		sender.Greet(a)
		<-up
	}

	var pushes [][]byte
	origin := broadcast.NewCore(broadcast.CoreConfig{
		Local: broadcast.Stream{Origin: socket.Local(), Session: sender.Session()}, Random: rand.IntN,
		Send: func(_ netip.AddrPort, b []byte, token uint64, _ bool) bool {
			if token != 0 {
				pushes = append(pushes, b)
			}
			return true
		},
		Deliver: func(broadcast.Delivery) {},
	})
	now, payload := time.Now(), make([]byte, 200)
	origin.Up(now, nth(0), 1, true)
	send := func() (messages int) {
		pushes = pushes[:0]
		for range row {
			var last uint64
			for range each {
				last = origin.Broadcast(now, "", payload).Sequence
			}
			now = now.Add(time.Millisecond) // so that its pace is no bound
			origin.Tick(now)
			origin.Acked(now, nth(0), 1, last-each+1|(each-1)<<56)
		}
		if len(pushes) != row {
			b.Fatalf("%d pushes", len(pushes))
		}
		for a, r := range to {
			r.got, r.want = 0, row*each
			for i, p := range pushes {
				sender.Queue(a, membership.ChannelOf(i == row-1), p, 0)
			}
		}
		sender.Flush()
		for _, r := range to {
			<-r.done
		}
		return members * row * each
	}
	for range 4096/(row*each) + 1 { // until the stores are full
		send()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += send() {
	}
}
