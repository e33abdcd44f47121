// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// BenchmarkSend sends bursts of small packets to a socket that nobody reads: what does not fit
// into its buffer is dropped there.
func BenchmarkSend(b *testing.B) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		for _, burst := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s burst %d", addr, burst), func(b *testing.B) {
				from, err := Listen(netip.MustParseAddrPort(addr))
				if err != nil {
					b.Skip(err)
				}
				defer from.Close()
				to, err := Listen(netip.MustParseAddrPort(addr))
				if err != nil {
					b.Skip(err)
				}
				defer to.Close()
				packet := make([]byte, 70)
				b.ReportAllocs()
				for i := 1; b.Loop(); i++ {
					if from.Send(to.Local(), packet); i%burst == 0 {
						from.outbox.wait(time.Minute)
					}
				}
			})
		}
	}
}

// BenchmarkRoundTrip is one frame from an endpoint to another, and its acknowledgement.
func BenchmarkRoundTrip(b *testing.B) {
	var ends [2]*Endpoint
	events := make(chan Event, 100)
	for i := range ends {
		socket, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			b.Skip(err)
		}
		e := NewEndpoint(socket, CoreConfig{
			Info: Info{Addr: socket.Local(), Cluster: "test"}, Timing: Local, Channels: simChannels,
		})
		go func() {
			_ = e.Run(func(ev Event) {
				if i == 0 {
					events <- Event{Kind: ev.Kind}
				}
			}, func() {})
		}()
		defer e.Close()
		ends[i] = e
	}
	to := ends[1].socket.Local()
	wait := func(k EventKind) {
		for e := range events {
			if e.Kind == k {
				return
			}
		}
	}
	ends[0].Greet(to)
	wait(Up)
	payload := make([]byte, 70)
	b.ReportAllocs()
	for b.Loop() {
		ends[0].Send(to, prompt, payload, 1)
		wait(Acked)
	}
}
