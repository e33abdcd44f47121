// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package spread

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

var to = []netip.AddrPort{nth(1 << 15)} // whom news goes to

var epoch = time.Unix(1_000_000, 0)

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func nth(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1)
}

// TestManyNewsShareDatagrams: half a cluster may die at once.
func TestManyNewsShareDatagrams(t *testing.T) {
	for _, c := range []struct {
		entries int
		want    []int // in each datagram
	}{
		{0, nil}, {1, []int{1}}, {maxNews, []int{maxNews}}, {50, []int{maxNews, maxNews, 50 - 2*maxNews}},
	} {
		n := NewNews()
		for i := range c.entries {
			n.Add(datagram.Entry{Addr: nth(i)}, to)
		}
		batches, _ := n.Tick(1, epoch)
		var got []int
		for _, b := range batches {
			got = append(got, len(b.Entries))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d entries go out as %v, want %v", c.entries, got, c.want)
		}
	}
}

// TestNewsWaitForEachOther: the first goes out at once, others a moment later.
func TestNewsWaitForEachOther(t *testing.T) {
	n := NewNews()
	n.Add(datagram.Entry{Addr: nth(1)}, to)
	if batches, next := n.Tick(1, epoch); len(batches) != 1 || !next.IsZero() {
		t.Errorf("at first: %v, next %v", batches, next)
	}
	n.Add(datagram.Entry{Addr: nth(2)}, to)
	if batches, next := n.Tick(1, epoch.Add(1)); len(batches) != 0 || !next.Equal(epoch.Add(newsInterval)) {
		t.Errorf("at once again: %v, next %v", batches, next)
	}
	n.Add(datagram.Entry{Addr: nth(3)}, to)
	if batches, _ := n.Tick(1, epoch.Add(newsInterval)); len(batches) != 1 || len(batches[0].Entries) != 2 {
		t.Errorf("later: %v", batches)
	}
}

func TestAudience(t *testing.T) {
	for _, c := range []struct{ members, want int }{{0, 0}, {1, 1}, {Small, Small}, {83, 7}, {1000, 9}} {
		var members []netip.AddrPort
		for i := range c.members {
			members = append(members, nth(i))
		}
		got := Audience(members, random())
		slices.SortFunc(got, netip.AddrPort.Compare)
		if len(got) != c.want || len(slices.Compact(got)) != c.want {
			t.Errorf("%d of %d members are told, want %d", len(got), c.members, c.want)
		}
	}
}

// TestSlowNodeTellsLessOften: the interval is so many times longer.
func TestSlowNodeTellsLessOften(t *testing.T) {
	n := NewNews()
	n.Add(datagram.Entry{Addr: nth(1)}, to)
	n.Tick(4, epoch)
	n.Add(datagram.Entry{Addr: nth(2)}, to)
	if batches, next := n.Tick(4, epoch.Add(newsInterval)); len(batches) != 0 || !next.Equal(epoch.Add(4*newsInterval)) {
		t.Errorf("%v, next %v", batches, next)
	}
}

// TestNewsGoToWhomTheyAreFor, each once, together with what else is for the same member.
func TestNewsGoToWhomTheyAreFor(t *testing.T) {
	n := NewNews()
	alice, bob := nth(1), nth(2)
	both := []netip.AddrPort{alice, bob}
	n.Add(datagram.Entry{Addr: nth(3)}, both)
	n.Add(datagram.Entry{Addr: nth(4)}, []netip.AddrPort{bob})
	n.Add(datagram.Entry{Addr: nth(5)}, nil)
	letters, next := n.Tick(1, epoch)
	if len(letters) != 2 || letters[0].To != alice || len(letters[0].Entries) != 1 || letters[1].To != bob || len(letters[1].Entries) != 2 || !next.IsZero() {
		t.Errorf("sent %v, next %v", letters, next)
	}
	if !slices.Equal(both, []netip.AddrPort{alice, bob}) {
		t.Error("the caller's members were changed")
	}
}

// TestNewsAreBounded: the frames of a second, and the entries that wait.
func TestNewsAreBounded(t *testing.T) {
	n := NewNews()
	dropped := 0
	for i := range maxWaiting + 10 {
		if !n.Add(datagram.Entry{Addr: nth(i)}, to) {
			dropped++
		}
	}
	if n.Add(datagram.Entry{Addr: nth(20), Status: datagram.Dead}, to); dropped != 10 || len(n.waiting) != maxWaiting {
		t.Errorf("%d dropped, %d wait", dropped, len(n.waiting))
	}
	var all []netip.AddrPort
	for i := range 2 * maxSaved {
		all = append(all, nth(1<<14+i))
	}
	n.Add(datagram.Entry{Addr: nth(21)}, all)
	frames := 0
	for now := epoch; now.Before(epoch.Add(time.Second)); now = now.Add(newsInterval) {
		letters, _ := n.Tick(1, now)
		frames += len(letters)
	}
	if frames < maxSaved || frames > maxSaved+framesPerSecond {
		t.Errorf("%d frames in a second, want %d to %d", frames, maxSaved, maxSaved+framesPerSecond)
	}
	for now := epoch.Add(time.Hour); len(n.waiting) > 0; now = now.Add(time.Second) {
		if letters, _ := n.Tick(1, now); len(letters) == 0 {
			t.Fatal("the rest is not sent")
		}
	}
}

// TestNewsAreReplaced: a member is told the last that is known of another, and once. What was
// replaced takes no memory.
func TestNewsAreReplaced(t *testing.T) {
	n := NewNews()
	for i := range 10 * maxWaiting {
		n.Add(datagram.Entry{Addr: nth(1), Heartbeat: uint32(i)}, to)
	}
	if waits := len(n.mail[to[0]]); waits > maxWaiting+1 || len(n.turns) != 1 {
		t.Errorf("%d items wait for a member, which has %d turns", waits, len(n.turns))
	}
	letters, next := n.Tick(1, epoch)
	if len(letters) != 1 || len(letters[0].Entries) != 1 || letters[0].Entries[0].Heartbeat != 10*maxWaiting-1 || !next.IsZero() {
		t.Errorf("sent %v, next %v", letters, next)
	}
	n.Add(datagram.Entry{Addr: nth(1)}, to)
	n.Add(datagram.Entry{Addr: nth(1)}, nil) // taken back
	if letters, next := n.Tick(1, epoch.Add(newsInterval)); len(letters) > 0 || !next.IsZero() {
		t.Errorf("sent %v, next %v, of what was taken back", letters, next)
	}
}
