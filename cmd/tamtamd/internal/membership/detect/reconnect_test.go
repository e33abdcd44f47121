// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// greetings returns how often each member is greeted from one time to another.
func greetings(r *Reconnect, live int, from, to time.Time) map[netip.AddrPort]int {
	n := map[netip.AddrPort]int{}
	for at := from; at.Before(to); at = at.Add(10 * time.Millisecond) {
		greet, _ := r.Tick(live, at)
		for _, a := range greet {
			n[a]++
		}
	}
	return n
}

// TestReconnectIntervals: each node's part shrinks with the cluster's size, and all of
// it with the member's absence.
func TestReconnectIntervals(t *testing.T) {
	const grows = ReconnectGrows
	for _, c := range []struct {
		name     string
		live     int
		from, to time.Duration
		want     float64
	}{
		{"one node, at first", 1, 0, grows, float64(grows / ReconnectBase)},
		{"ten nodes, at first", 10, 0, grows, float64(grows / ReconnectBase / 10)},
		{"ten nodes, after twice the time", 10, 2 * grows, 3 * grows, float64(grows / ReconnectBase / 25)},
		{"ten nodes, in the end", 10, 100 * grows, 120 * grows, float64(20 * grows / ReconnectMax / 10)},
	} {
		r := NewReconnect(random())
		r.Dead(bob, c.live, epoch)
		got := float64(greetings(r, c.live, epoch.Add(c.from), epoch.Add(c.to))[bob])
		if got < 0.7*c.want || got > 1.3*c.want {
			t.Errorf("%s: greeted %v times, want some %v", c.name, got, c.want)
		}
	}
}

func TestReconnect(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(r *Reconnect)
		want int // greetings in the first second
	}{
		{"suspected", func(r *Reconnect) { r.Suspected(bob) }, int(time.Second / suspectedEvery)},
		{"forgotten", func(r *Reconnect) { r.Suspected(bob); r.Forget(bob) }, 0},
		{"dead in a large cluster", func(r *Reconnect) { r.Dead(bob, 1000, epoch) }, 0},
	} {
		r := NewReconnect(random())
		c.do(r)
		if got := greetings(r, 1000, epoch, epoch.Add(time.Second))[bob]; got != c.want {
			t.Errorf("%s: greeted %d times in a second, want %d", c.name, got, c.want)
		}
	}
}

// TestReconnectsAreBounded, and no lost member is left out.
func TestReconnectsAreBounded(t *testing.T) {
	for _, c := range []struct {
		name  string
		dead  bool
		bound int
	}{{"dead", true, DeadPerSecond}, {"suspected", false, suspectedPerSecond}} {
		r := NewReconnect(random())
		const members = 300
		for i := range members {
			a := netip.AddrPortFrom(bob.Addr(), uint16(i+1))
			if r.Suspected(a); c.dead {
				r.Dead(a, 1, epoch)
			}
		}
		n := greetings(r, 1, epoch, epoch.Add(time.Minute))
		total := 0
		for _, times := range n {
			total += times
		}
		if total > 61*c.bound || c.dead && len(n) != members {
			t.Errorf("%s: %d greetings in a minute, to %d members", c.name, total, len(n))
		}
	}
}

func TestReconnectSaysWhen(t *testing.T) {
	r := NewReconnect(random())
	if _, next := r.Tick(1, epoch); !next.IsZero() {
		t.Errorf("nobody is lost: next %v", next)
	}
	r.Suspected(bob)
	if _, next := r.Tick(1, epoch); !next.Equal(epoch.Add(suspectedEvery)) {
		t.Errorf("next %v", next)
	}
}
