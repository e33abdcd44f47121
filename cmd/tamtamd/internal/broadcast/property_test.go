// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// seeds is how many runs a property is tested with.
func seeds(n uint64) uint64 {
	if testing.Short() {
		return max(n/10, 2)
	}
	return n
}

// TestChurn: nodes die, restart and join while all send, whatever is lost. Who lives
// from before a message to the end gets it, once and in order; who comes later takes
// no history; and in the end nobody waits for anything.
func TestChurn(t *testing.T) {
	for seed := range seeds(28) {
		s := newSim(t, seed)
		size := 2 + int(seed*7%39) // to 40
		all := slices.Clone(s.cluster(size))
		s.run(2 * time.Second)
		s.loss = float64(seed%7) / 10
		type promise struct {
			to     *simNode
			stream Stream
			first  uint64 // that was sent when both were there, or a moment before
		}
		var promises []promise
		know := func(n *simNode) {
			for _, m := range all {
				if m != n {
					promises = append(promises, promise{n, m.cfg.Local, m.sentBefore(s.now.Add(-meetGrace)) + 1}, promise{m, n.cfg.Local, 1})
				}
			}
		}
		for i, n := range all {
			for _, m := range all[i+1:] {
				promises = append(promises, promise{n, m.cfg.Local, 1}, promise{m, n.cfg.Local, 1})
			}
		}
		for range 150 {
			if n := all[s.r.IntN(len(all))]; n.HasCapacity(s.now) {
				n.say()
			}
			switch i := s.r.IntN(len(all)); s.r.IntN(40) {
			case 0: // restarts
				all[i] = s.start(all[i].addr)
				know(all[i])
			case 1: // joins
				n := s.start(at(1000 + len(s.list)))
				know(n)
				all = append(all, n)
			case 2: // dies
				if len(all) > 2 {
					s.kill(all[i])
					all = slices.Delete(all, i, i+1)
				}
			}
			s.run(time.Duration(s.r.IntN(40)) * time.Millisecond)
		}
		s.run(time.Minute) // each gap that a dead origin left takes giveUpAfter
		for _, p := range promises {
			origin := s.nodes[p.stream.Origin]
			if p.to.dead || origin.dead || origin.cfg.Local != p.stream {
				continue // only told once and in order, which follows
			}
			got := p.to.got[p.stream]
			if len(got) > 0 && got[0] < p.first {
				t.Errorf("seed %d: history from %d, met at %d", seed, got[0], p.first)
			}
			if origin.own.last >= p.first {
				p.to.whole(t, p.stream, p.first, origin.own.last)
			}
		}
		for _, n := range s.list {
			for stream, got := range n.got {
				for i := range got[1:] {
					if got[i+1] <= got[i] {
						t.Errorf("seed %d: %s got %d after %d of %s", seed, n.addr, got[i+1], got[i], stream.Origin)
					}
				}
			}
			if !n.dead && n.pending != 0 {
				t.Errorf("seed %d: %s has %d bytes waiting", seed, n.addr, n.pending)
			}
		}
	}
}

// TestRestartInTheMidst of steady sending: nothing of the new session is lost, and
// nothing of either comes twice.
func TestRestartInTheMidst(t *testing.T) {
	for seed := range seeds(40) {
		s := newSim(t, seed)
		all := slices.Clone(s.cluster(2 + int(seed%12)))
		s.loss = float64(seed%7) / 10
		for range 60 {
			all[0].say()
			s.run(5 * time.Millisecond)
		}
		old := all[0].cfg.Local
		all[0] = s.start(all[0].addr)
		for range 60 {
			all[0].say()
			s.run(5 * time.Millisecond)
		}
		s.run(15 * time.Second)
		for _, n := range all[1:] {
			n.whole(t, all[0].cfg.Local, 1, 60)
			got := n.got[old]
			if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Errorf("seed %d: %s got %v of the old", seed, n.addr, got)
			}
		}
	}
}

// TestPartitionHeals under steady sending of a hundred a second in each half. Within
// three seconds of meeting again all have all when it was kept; else they are given
// every message that they have not.
func TestPartitionHeals(t *testing.T) {
	for seed := range seeds(6) {
		s := newSim(t, seed)
		all := s.cluster(4 + 2*int(seed%6))
		kept := seed%3 != 0
		if !kept {
			for _, n := range all {
				n.store.maxCount = 300
			}
		}
		s.loss = float64(seed%4) / 10
		index := map[netip.AddrPort]bool{}
		for _, n := range all[:len(all)/2] {
			index[n.addr] = true
		}
		across := func(f func(a, b *simNode)) {
			for _, a := range all {
				for _, b := range all {
					if index[a.addr] != index[b.addr] {
						f(a, b)
					}
				}
			}
		}
		one, two := all[0], all[len(all)-1]
		sending := func(d time.Duration) {
			for end := s.now.Add(d); s.now.Before(end); s.run(10 * time.Millisecond) {
				for _, n := range []*simNode{one, two} {
					if n.HasCapacity(s.now) {
						n.say()
					}
				}
			}
		}
		sending(time.Second)
		s.cut = func(a, b netip.AddrPort) bool { return index[a] != index[b] }
		s.after(time.Second, func() { across(func(a, b *simNode) { a.Suspect(b.addr, true) }) })
		s.after(4*time.Second, func() { across(func(a, b *simNode) { a.Gone(b.addr) }) })
		sending(10 * time.Second)
		s.cut = nil
		across(func(a, b *simNode) { // each in its own time
			s.after(time.Duration(s.r.IntN(300))*time.Millisecond, func() { a.Up(s.now, b.addr, b.cfg.Local.Session, true) })
		})
		sending(300 * time.Millisecond)
		last := map[*simNode]uint64{one: one.own.last, two: two.own.last}
		if last[one] < 1000 || last[two] < 1000 {
			t.Fatalf("seed %d: %d and %d were sent", seed, last[one], last[two])
		}
		s.run(3 * time.Second)
		if !kept {
			s.run(2 * giveUpAfter)
		}
		told := 0
		for _, n := range all {
			for origin, last := range last {
				if kept {
					n.whole(t, origin.cfg.Local, 1, last)
				}
				n.accounted(t, origin.cfg.Local, last)
			}
			told += len(n.gaps)
		}
		if kept != (told == 0) {
			t.Errorf("seed %d: %d gaps told", seed, told)
		}
	}
}
