// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestBrokenPathHoldsUpNobody: two members without a path to each other, though both
// reach all others, stop each other's messages for no longer than stallAfter. The origin
// never learns that the other has them, says so, and learns it soon after the path works.
func TestBrokenPathHoldsUpNobody(t *testing.T) {
	for seed := range seeds(6) {
		s := newSim(t, seed)
		all := s.cluster(40)
		a, b := all[0], all[1]
		s.cut = func(x, y netip.AddrPort) bool {
			return x == a.addr && y == b.addr || x == b.addr && y == a.addr
		}
		refused, longest, waiting := 0, 0, 0
		for range 3000 {
			if a.HasCapacity(s.now) {
				a.say()
				waiting = 0
			} else {
				refused++
				waiting++
				longest = max(longest, waiting)
			}
			s.run(10 * time.Millisecond)
		}
		if limit := int(stallAfter / (10 * time.Millisecond)); longest > limit {
			t.Errorf("seed %d: refused %d messages in a row, want at most %d", seed, longest, limit)
		}
		if refused > 3000/10 {
			t.Errorf("seed %d: refused %d of 3000", seed, refused)
		}
		s.run(5 * time.Second)
		b.whole(t, a.cfg.Local, 1, a.own.last)
		if _, missing := a.Have(a.own.last); !slices.Equal(missing, []netip.AddrPort{b.addr}) {
			t.Errorf("seed %d: missing are %v, want %v", seed, missing, b.addr)
		}
		s.cut = nil
		healed := s.now
		for s.now.Sub(healed) < time.Minute {
			if _, missing := a.Have(a.own.last); len(missing) == 0 {
				break
			}
			s.run(50 * time.Millisecond)
		}
		if took := s.now.Sub(healed); took > 3*time.Second {
			t.Errorf("seed %d: after %v", seed, took)
		}
	}
}

// TestOriginIsAnswered: an origin asks what a member has. It is told, even if its newest
// message has not arrived there: its window waits for the answer.
func TestOriginIsAnswered(t *testing.T) {
	s := newScript()
	s.Up(s.now, peer, 2, true)
	theirs := Stream{peer, 2}
	s.hear(appendDigest(nil, flagMeet, []entry{{theirs, 0}}))
	s.hear(numbered(theirs, 1))
	s.sent = nil
	s.hear(appendDigest(nil, flagAnswer, []entry{{theirs, 2}}))
	answers := s.of(kindDigest)
	if len(answers) != 1 {
		t.Fatalf("%d answers, want 1", len(answers))
	}
	if _, entries, ok := parseDigest(answers[0]); !ok || !slices.Equal(entries, []entry{{theirs, 1}}) {
		t.Errorf("answered %v", entries)
	}
}
