// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestLossyLink: over a network that loses, doubles and reorders, each frame is taken once,
// and the loss rate is about what it should be.
func TestLossyLink(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		loss := float64(seed%4) / 10
		a, b := newTestLink(), newTestLink()
		type packet struct {
			at      time.Time
			to      *Link
			counter uint64
			acks    []uint32
		}
		var network []packet
		send := func(now time.Time, p packet) {
			for range 1 + r.IntN(5)/4 {
				if r.Float64() >= loss {
					p.at = now.Add(time.Duration(r.IntN(10)) * ms)
					network = append(network, p)
				}
			}
		}
		const frames = 500
		got := map[uint64]int{}
		now, next := start, uint64(1)
		for next <= frames || !a.Idle() {
			a.shared.Budget.Refill(now)
			if next <= frames {
				a.Send(now, next, fmt.Append(nil, next), 0, false)
				send(now, packet{to: b, counter: next})
				next++
			}
			a.Tick(now, func(p []byte) {
				var counter uint64
				_, _ = fmt.Sscan(string(p), &counter)
				send(now, packet{to: b, counter: counter})
			})
			if b.OwesNow(now) {
				send(now, packet{to: a, acks: b.TakeAcks(32)})
			}
			now = now.Add(ms)
			network = slices.DeleteFunc(network, func(p packet) bool {
				if p.at.After(now) {
					return false
				}
				for _, ack := range p.acks {
					a.Acked(now, ack, CarrierAck)
				}
				if p.to == b {
					if b.Receive(now, p.counter) {
						got[p.counter]++
					}
					b.Owe(now, p.counter, 32)
				}
				return true
			})
		}
		for i := uint64(1); i <= frames; i++ {
			if got[i] != 1 {
				t.Errorf("seed %d: frame %d was taken %d times", seed, i, got[i])
			}
		}
		// A try fails if the frame or its acknowledgement is lost; one in five is sent twice.
		arrives := 0.8*(1-loss) + 0.2*(1-loss*loss)
		// Two acknowledgements of a frame that the network sent twice look like a spurious
		// retransmission.
		want := 1 - arrives*arrives
		if rate, known := Loss(a.Recent(now)); !known || rate < want-0.2 || rate > want+0.1 {
			t.Errorf("seed %d: loss rate %.2f, want %.2f", seed, rate, want)
		}
	}
}
