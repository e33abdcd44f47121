// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"testing"
)

// rack returns n addresses in order.
func rack(n int) (members []netip.AddrPort) {
	a := netip.MustParseAddr("10.0.0.1")
	for range n {
		members = append(members, netip.AddrPortFrom(a, 9999))
		a = a.Next()
	}
	return members
}

// ringOf returns the ring of members in an epoch.
func ringOf(epoch uint32, members []netip.AddrPort) *ring {
	r := &ring{epoch: epoch}
	for _, a := range members {
		r.add(a)
	}
	return r
}

func anybody(netip.AddrPort) bool { return true }
func nobody(netip.AddrPort) bool  { return false }

// successor returns the member that follows a node on the ring.
func successor(self netip.AddrPort, epoch uint32, members []netip.AddrPort) netip.AddrPort {
	return ringOf(epoch, members).appendSuccessors(nil, self, anybody, nobody)[0]
}

// predecessors returns how many ping each member, if each has this clock.
func predecessors(members []netip.AddrPort, clock func(i int) uint32) map[netip.AddrPort]int {
	pinged := map[netip.AddrPort]int{}
	for i, self := range members {
		others := slices.Delete(slices.Clone(members), i, i+1)
		first, second := epochs(clock(i))
		pinged[successor(self, first, others)]++
		if second != first {
			pinged[successor(self, second, others)]++
		}
	}
	return pinged
}

// TestEachMemberHasOnePredecessor: in any epoch, and in a cluster of any size.
func TestEachMemberHasOnePredecessor(t *testing.T) {
	for _, n := range []int{2, 3, 4, 30, 300} {
		for epoch := range uint32(5) {
			clock := epoch<<epochBits + 1000
			for a, times := range predecessors(rack(n), func(int) uint32 { return clock }) {
				if times != 1 {
					t.Errorf("%d nodes, epoch %d: %s is pinged by %d", n, epoch, a, times)
				}
			}
		}
	}
}

// TestEachMemberHasAPredecessorAroundAChange: however the clocks differ, by up to twice
// epochOverlap.
func TestEachMemberHasAPredecessorAroundAChange(t *testing.T) {
	const change = 3 << epochBits
	members := rack(30)
	for from := uint32(change - 4*epochOverlap); from < change+2*epochOverlap; from += epochOverlap / 8 {
		pinged := predecessors(members, func(i int) uint32 { return from + uint32(i*2*epochOverlap/29) })
		if len(pinged) != len(members) {
			t.Errorf("clocks from %d before the change on: %d of %d are pinged", change-int(from), len(pinged), len(members))
		}
	}
}

// TestRingIsShuffled: a successor is not the neighbour by address, and is another one in the
// next epoch.
func TestRingIsShuffled(t *testing.T) {
	members := rack(100)
	near, same := 0, 0
	for i, self := range members {
		others := slices.Delete(slices.Clone(members), i, i+1)
		next := successor(self, 1, others)
		if d := slices.Index(members, next) - i; d == 1 || d == -1 {
			near++
		}
		if next == successor(self, 2, others) {
			same++
		}
	}
	if near > 10 || same > 10 {
		t.Errorf("of 100 successors %d are neighbours by address, and %d the same in the next epoch", near, same)
	}
}

// TestPlaceIsTheSameOnAllNodes: nodes of two versions must agree on the ring.
func TestPlaceIsTheSameOnAllNodes(t *testing.T) {
	for a, want := range map[string]uint64{
		"192.0.2.1:9999":      0x8db10d114a13827c,
		"[2001:db8::1]:9999":  0x12129cfbfd8e94fe,
		"[2001:db8::1]:10000": 0x5cb51577c966343f,
	} {
		if got := place(netip.MustParseAddrPort(a), 7); got != want {
			t.Errorf("%s is at %#x, want %#x", a, got, want)
		}
	}
}

// TestSuccessorsOfPlainNodes: a member whose predecessor is a plain Smudge node is pinged by
// the nearest before it that is not.
func TestSuccessorsOfPlainNodes(t *testing.T) {
	members := rack(30)
	for _, every := range []int{2, 3, 29} { // how many of them are plain: all but each second, …
		plain := func(a netip.AddrPort) bool { return slices.Index(members, a)%every != 0 }
		pinged := map[netip.AddrPort]int{}
		most := 0
		for i, self := range members {
			if plain(self) {
				continue
			}
			others := slices.Delete(slices.Clone(members), i, i+1)
			all := ringOf(1, others).appendSuccessors(nil, self, anybody, plain)
			most = max(most, len(all))
			for _, a := range all {
				pinged[a]++
			}
		}
		if most > maxSuccessors {
			t.Errorf("a node pings %d", most)
		}
		for _, a := range members {
			if n := pinged[a]; n > 1 || n == 0 && most < maxSuccessors {
				t.Errorf("one of %d is not plain: %s is pinged by %d", every, a, n)
			}
		}
	}
	alone := ringOf(1, members[1:4]).appendSuccessors(nil, members[0], anybody, anybody)
	if len(alone) != 3 {
		t.Errorf("the only node that is not plain pings %v of three", alone)
	}
}

// TestRingIsKept: after members came and went, it is the ring of those that are there, and so is
// that of another epoch.
func TestRingIsKept(t *testing.T) {
	members := rack(50)
	r := ringOf(3, members)
	r.add(members[7])
	for _, a := range members[:20] {
		r.remove(a)
		r.remove(a)
	}
	if want := ringOf(3, members[20:]); !slices.Equal(r.order, want.order) {
		t.Errorf("%v, want %v", r.order, want.order)
	}
	if want := ringOf(4, members[20:]); !slices.Equal(r.in(4).order, want.order) {
		t.Errorf("in another epoch: %v, want %v", r.in(4).order, want.order)
	}
	if r.has(members[0]) || !r.has(members[20]) {
		t.Error("it has not what is on it")
	}
}

// TestSuccessorCanBePinged: one that cannot be pinged now is passed over.
func TestSuccessorCanBePinged(t *testing.T) {
	members := rack(5)
	self, others := members[0], members[1:]
	r := ringOf(1, others)
	for len(others) > 0 {
		first := successor(self, 1, others)
		pingable := func(a netip.AddrPort) bool { return slices.Contains(others, a) }
		if got := r.appendSuccessors(nil, self, pingable, nobody); !slices.Equal(got, []netip.AddrPort{first}) {
			t.Errorf("of %v: %v, want %v", others, got, first)
		}
		others = slices.DeleteFunc(slices.Clone(others), func(a netip.AddrPort) bool { return a == first })
	}
	if got := r.appendSuccessors(nil, self, nobody, nobody); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}
