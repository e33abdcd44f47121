// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"slices"
	"testing"
	"time"
)

// TestLargeClusterGetsAll: where messages are passed on, every member still gets
// each once and in order, and the origin learns that they have.
func TestLargeClusterGetsAll(t *testing.T) {
	for _, c := range []struct {
		nodes int
		loss  float64
	}{{smallMost + 2, 0.3}, {100, 0}, {100, 0.3}, {300, 0}, {300, 0.3}} {
		if testing.Short() && c.nodes > 100 {
			continue
		}
		s := meshed(t, experiment{nodes: c.nodes, fanOut: FanOut(c.nodes), loss: c.loss}, 1)
		origin := s.list[0]
		const messages = 6
		for range messages {
			origin.say()
			s.run(20 * time.Millisecond)
		}
		s.run(15 * time.Second)
		for _, n := range s.list {
			n.whole(t, origin.cfg.Local, 1, messages)
			if len(n.gaps) > 0 {
				t.Errorf("%d nodes, loss %.1f: %s was given gaps %v", c.nodes, c.loss, n.addr, n.gaps)
			}
		}
		if have, missing := origin.Have(messages); have != c.nodes-1 || len(missing) != 0 || !origin.HasCapacity(s.now) {
			t.Errorf("%d nodes, loss %.1f: the origin knows of %d, not of %d", c.nodes, c.loss, have, len(missing))
		}
	}
}

// TestLargeClusterOutlivesItsOrigin: it dies once a few have what it sent.
func TestLargeClusterOutlivesItsOrigin(t *testing.T) {
	for seed := range seeds(16) {
		s := meshed(t, experiment{nodes: 100, fanOut: FanOut(100), loss: 0.3, direct: seed%2 == 1}, seed)
		origin := s.list[0]
		m := origin.say()
		s.run(time.Duration(s.r.IntN(1500)) * time.Microsecond)
		s.kill(origin)
		s.run(20 * time.Second)
		have := 0
		for _, n := range s.list[1:] {
			have += len(n.got[m.Stream])
		}
		if have != 0 && have != len(s.list)-1 {
			t.Errorf("seed %d: %d of %d have it", seed, have, len(s.list)-1)
		}
	}
}

// TestLargeClusterKeepsUp: where messages are passed on, an origin knows within 20 ms that
// all have a message that it sent in a quiet moment.
func TestLargeClusterKeepsUp(t *testing.T) {
	for _, nodes := range []int{smallMost + 1, smallMost + 2, 100, 200} {
		s := meshed(t, experiment{nodes: nodes, fanOut: FanOut(nodes)}, 1)
		origin := s.list[0]
		waits := make([]time.Duration, 0, 11)
		for range cap(waits) {
			m, sent := origin.say(), s.now
			for s.now.Sub(sent) < 10*time.Second {
				if _, missing := origin.Have(m.Sequence); len(missing) == 0 {
					break
				}
				s.run(time.Millisecond)
			}
			waits = append(waits, s.now.Sub(sent))
			s.run(300 * time.Millisecond)
		}
		slices.Sort(waits)
		if median := waits[len(waits)/2]; median > 20*time.Millisecond {
			t.Errorf("%d nodes: all have it after %v, want at most 20ms", nodes, waits)
		}
	}
}

// TestLargeClusterKeepsPace: there, one origin sends 2,000 messages a second and more, for
// longer than its window lasts.
func TestLargeClusterKeepsPace(t *testing.T) {
	largeClusterKeepsPace(t, experiment{nodes: smallMost + 2, fanOut: FanOut(smallMost + 2)})
}

func largeClusterKeepsPace(t *testing.T, e experiment) {
	const perSecond, load = 2500, 700 * time.Millisecond
	s := meshed(t, e, 1)
	origin, sent, began := s.list[0], 0, s.now
	for s.now.Sub(began) < load {
		for origin.HasCapacity(s.now) && float64(sent) < perSecond*s.now.Sub(began).Seconds() {
			origin.say()
			sent++
		}
		s.run(time.Millisecond)
	}
	if rate := float64(sent) / load.Seconds(); rate < 2000 || sent <= relayedWindow {
		t.Errorf("%.0f messages a second, %d in all; want at least 2000, and more than the window of %d", rate, sent, relayedWindow)
	}
	s.run(10 * time.Second)
	for _, n := range s.list {
		n.whole(t, origin.cfg.Local, 1, origin.own.last)
	}
}
