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

func askersOf(accused netip.AddrPort, session uint64, finder netip.AddrPort, members []netip.AddrPort) []netip.AddrPort {
	return Askers(accused, session, finder, slices.Values(members), len(members), func(netip.AddrPort) bool { return true })
}

// TestOnlySomeAreAskers: those that do not speak are passed over, and few are tried.
func TestOnlySomeAreAskers(t *testing.T) {
	all, tried := crowd(1000), 0
	accused, finder := all[0], all[1]
	odd := func(a netip.AddrPort) bool { return a.Addr().As4()[3]%2 == 1 }
	var some []netip.AddrPort
	for _, a := range all {
		if odd(a) {
			some = append(some, a)
		}
	}
	got := Askers(accused, 7, finder, slices.Values(all), len(some), func(a netip.AddrPort) bool { tried++; return odd(a) })
	if want := askersOf(accused, 7, finder, some); !slices.Equal(got, want) {
		t.Errorf("%v of those that speak are askers, want %v", got, want)
	}
	if tried > 200 {
		t.Errorf("%d members were tried", tried)
	}
}

// TestAskersAreFewAndAgreed: all choose the same ones, in whatever order they know the members,
// neither the accused nor the finder among them; for another session, others.
func TestAskersAreFewAndAgreed(t *testing.T) {
	for _, c := range []struct{ nodes, want int }{{2, 0}, {3, 1}, {4, 2}, {30, 5}, {100, 6}, {1000, 8}} {
		all := crowd(c.nodes)
		accused, finder := all[0], all[1]
		askers := askersOf(accused, 7, finder, all)
		slices.Reverse(all)
		if again := askersOf(accused, 7, finder, all[:c.nodes-1]); !slices.Equal(askers, again) {
			t.Errorf("%d nodes: %v, and then %v", c.nodes, askers, again)
		}
		if len(askers) != c.want || slices.Contains(askers, accused) || slices.Contains(askers, finder) {
			t.Errorf("%d nodes: %v", c.nodes, askers)
		}
		if c.nodes > 10 && slices.Equal(askers, askersOf(accused, 8, finder, all)) {
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
