// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// TestSwampedNodeShedsStaleHellos: of the hellos that waited in its receive buffer, a node answers
// those whose sender still waits. What else is there is taken, however old it is. Sealed or not,
// the kind is in the header, so nothing is decrypted for the others.
func TestSwampedNodeShedsStaleHellos(t *testing.T) {
	for _, keys := range [][]Key{nil, {{1}}} {
		s := newSim(t, 1)
		if s.keys, s.mode = keys, EncryptOff; keys != nil {
			s.mode = EncryptRequire
		}
		a, b := s.pair()
		var queue [][]byte
		s.tap = func(_, to netip.AddrPort, packet []byte) {
			if to == b.addr {
				queue = append(queue, slices.Clone(packet))
			}
		}
		s.cut = cutAll
		const joiners = 100
		for i := range joiners {
			s.node(at(3+i)).Greet(s.now, b.addr)
		}
		ping, _ := a.say(b.addr, true)
		hellos := func() (n int) {
			for _, p := range queue {
				if k, _ := frame.KindOf(p); k == frame.Hello {
					n++
				}
			}
			return n
		}()
		for _, c := range []struct {
			waited              time.Duration
			shed, welcome, data int
		}{
			{greetingLife, hellos, 0, 1},
			{time.Hour, hellos, 0, 0},
			{greetingLife - 1, 0, hellos, 0},
			{0, 0, hellos, 0},
		} {
			before, traffic, got := counted(b)["dropped_stale"], b.traffic.sent[frame.Welcome], b.got[ping]
			for i, p := range queue {
				from := at(3 + i)
				if i >= joiners {
					from = a.addr
				}
				b.ReceiveWaited(s.now, from, slices.Clone(p), c.waited)
				b.take()
			}
			shed, welcomes := counted(b)["dropped_stale"]-before, b.traffic.sent[frame.Welcome]-traffic
			if hellos != joiners || int(shed) != c.shed || int(welcomes) != c.welcome || b.got[ping]-got != c.data {
				t.Errorf("%d keys, %d hellos after %v: %d shed, %d answered, %d data; want %+v", len(keys), hellos, c.waited, shed, welcomes, b.got[ping]-got, c)
			}
		}
		b.Receive(s.now, at(3), queue[0])
		if b.waited != 0 {
			t.Errorf("the next packet is taken to have waited for %v", b.waited)
		}
	}
}

// TestStaleHelloIsNotRelayed: neither is it passed on, nor answered when it comes by a relay.
func TestStaleHelloIsNotRelayed(t *testing.T) {
	s := newSim(t, 1)
	a, c, b := s.node(at(1)), s.node(at(2)), s.node(at(3))
	s.cut = between(a.addr, b.addr)
	c.Greet(s.now, a.addr)
	c.Greet(s.now, b.addr)
	s.run(time.Second)
	for _, stale := range []*simNode{c, b, nil} {
		var relays [][]byte
		s.tap = func(from, to netip.AddrPort, packet []byte) {
			if k, _ := frame.KindOf(packet); (k == frame.Relay || k == frame.Relayed) && (stale == nil || to == stale.addr) {
				relays = append(relays, slices.Clone(packet))
			}
		}
		if stale != nil {
			s.cut = func(from, to netip.AddrPort) bool { return between(a.addr, b.addr)(from, to) || to == stale.addr }
		} else {
			s.cut = between(a.addr, b.addr)
		}
		a.GreetBy(s.now, b.addr, c.addr)
		s.run(100 * time.Millisecond)
		if len(relays) == 0 {
			t.Fatal("nothing is relayed")
		}
		if stale == nil {
			if len(b.saw(Up, a.addr)) != 1 {
				t.Error("a fresh one opens no session")
			}
			continue
		}
		from := map[*simNode]netip.AddrPort{c: a.addr, b: c.addr}[stale]
		stale.ReceiveWaited(s.now, from, relays[0], greetingLife)
		if n := counted(stale)["dropped_stale"]; n != 1 {
			t.Errorf("%s sheds %d", stale.addr, n)
		}
	}
}

// TestWaitedFor: a clock that was set back does not make a packet come from the future.
func TestWaitedFor(t *testing.T) {
	now := time.Now()
	for received, want := range map[time.Time]time.Duration{
		{}: 0, now.Round(0).Add(-time.Second): time.Second, now.Round(0).Add(time.Second): 0,
	} {
		if waited := waitedFor(received, now, time.Time{}); waited != want {
			t.Errorf("received at %v: %v, want %v", received, waited, want)
		}
	}
}

// TestSteppedClock: a wall clock that is set, forward or back, makes no packet look as if it had waited;
// nothing is known for as long as there may be packets from before. A clock that is right changes
// nothing.
func TestSteppedClock(t *testing.T) {
	for _, c := range []struct {
		jump       time.Duration
		now, later time.Duration
	}{{0, 6 * time.Second, 6 * time.Second}, {6 * time.Second, 0, 6 * time.Second}, {-6 * time.Second, 0, 6 * time.Second}} {
		e := NewEndpoint(listen(t, "127.0.0.1:0"), CoreConfig{Timing: Local, Channels: simChannels})
		e.clock = &setClock{c.jump}
		now := e.now()
		received := func(now time.Time) time.Time { return now.Round(0).Add(-6 * time.Second) }
		if waited := waitedFor(received(now), now, e.step); waited != c.now {
			t.Errorf("set by %v: it has waited for %v, want %v", c.jump, waited, c.now)
		}
		if later := now.Add(steppedFor); waitedFor(received(later), later, e.step) != c.later {
			t.Errorf("set by %v, and later: it has waited for %v, want %v", c.jump, waitedFor(received(later), later, e.step), c.later)
		}
	}
}
