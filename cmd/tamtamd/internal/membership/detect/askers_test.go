// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"testing"
)

func crowd(n int) (all []netip.AddrPort) {
	for i := range n {
		all = append(all, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1))
	}
	return all
}

// TestAskersAreFewAndAgreed: all choose the same ones, in whatever order they know the members,
// neither the accused nor the finder among them; for another session, others.
func TestAskersAreFewAndAgreed(t *testing.T) {
	for _, c := range []struct{ nodes, want int }{{2, 0}, {3, 1}, {4, 2}, {30, 5}, {100, 6}, {1000, 8}} {
		all := crowd(c.nodes)
		accused, finder := all[0], all[1]
		askers := Askers(accused, 7, finder, all)
		slices.Reverse(all)
		if again := Askers(accused, 7, finder, all[:c.nodes-1]); !slices.Equal(askers, again) {
			t.Errorf("%d nodes: %v, and then %v", c.nodes, askers, again)
		}
		if len(askers) != c.want || slices.Contains(askers, accused) || slices.Contains(askers, finder) {
			t.Errorf("%d nodes: %v", c.nodes, askers)
		}
		if c.nodes > 10 && slices.Equal(askers, Askers(accused, 8, finder, all)) {
			t.Errorf("%d nodes: the askers do not change with the session", c.nodes)
		}
	}
}

// TestEachIsToldByTwo of the askers, and these have about as many to tell each.
func TestEachIsToldByTwo(t *testing.T) {
	const askers, nodes = 6, 1000
	tells := [askers]int{}
	for _, m := range crowd(nodes) {
		words := 0
		for i := range askers {
			if ToldBy(m, 7, i, askers) {
				words++
				tells[i]++
			}
		}
		if words != wordsNeeded {
			t.Fatalf("%v is told by %d", m, words)
		}
	}
	if most := slices.Max(tells[:]); most > wordsNeeded*nodes/askers*5/4 {
		t.Errorf("they tell %v", tells)
	}
	if !ToldBy(crowd(1)[0], 7, 0, 1) {
		t.Error("the only asker does not tell")
	}
}
