// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// TestReplayIsTheSame: the same inputs, times and seed make the same outputs, so that what
// a simulation finds can be looked at again.
func TestReplayIsTheSame(t *testing.T) {
	first, second := replay(1), replay(1)
	for i := range min(len(first), len(second)) {
		if first[i] != second[i] {
			t.Fatalf("output %d of %d is %s, and then %s", i, len(first), first[i], second[i])
		}
	}
	if len(first) != len(second) || len(first) < 1000 {
		t.Errorf("%d outputs, and then %d", len(first), len(second))
	}
	if strings.Join(replay(2), "\n") == strings.Join(first, "\n") {
		t.Error("another seed makes no difference")
	}
}

// replay returns the outputs of a core to which a lot happens.
func replay(seed uint64) (outputs []string) {
	now := time.Unix(1_000_000, 0)
	c := New(Config{
		Self: member.Identity{Addr: self, Info: member.Info{Session: 1, MaxPayload: 256}}, Heartbeat: heartbeat, MinPing: minPing,
		ReconnectTimeout: time.Minute, Random: rand.New(rand.NewPCG(seed, 0)),
	})
	for i := range 100 {
		c.Handle(now, wire.Event{Kind: wire.Up, Addr: nth(i), Session: uint64(i) + 1, Profile: Profile{}.Encode()})
	}
	end := now.Add(2 * time.Minute)
	for i := 0; now.Before(end); i++ {
		now = now.Add(100 * time.Millisecond)
		from := nth(i % 100)
		c.Handle(now, wire.Event{Kind: wire.Received, Channel: DatagramChannel, Addr: from, Data: datagram.Compose(
			datagram.IPv4, datagram.Ping, from.Port(), uint32(i), []datagram.Entry{
				{Status: datagram.Dead, Addr: nth((i * 7) % 100), Heartbeat: uint32(i)},
				{Status: datagram.Alive, Addr: nth(200 + i), Heartbeat: uint32(i)},
			})})
		c.OnStatus(now, nth((i*3)%100), datagram.Status(2+i%2), self)
		c.Outgoing(now, from, datagram.Entry{Status: datagram.Status(2 + i%2), Addr: nth((i * 3) % 100)})
		if i%10 == 0 {
			c.Handle(now, wire.Event{Kind: wire.Up, Addr: nth((i * 3) % 100), Session: uint64(1000 + i), Profile: Profile{}.Encode()})
		}
		for !c.Next().After(now) {
			c.Tick(now)
		}
		for _, o := range c.AppendOutputs(nil) {
			outputs = append(outputs, fmt.Sprintf("%v %T %+v", now.Unix(), o, o))
		}
	}
	return outputs
}
