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
			n.Add(datagram.Entry{Addr: nth(i)})
		}
		batches, _ := n.Tick(1, 1, epoch)
		var got []int
		for _, b := range batches {
			got = append(got, len(b))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d entries go out as %v, want %v", c.entries, got, c.want)
		}
	}
}

// TestNewsWaitForEachOther: the first goes out at once, others a moment later.
func TestNewsWaitForEachOther(t *testing.T) {
	n := NewNews()
	n.Add(datagram.Entry{Addr: nth(1)})
	if batches, next := n.Tick(1, 1, epoch); len(batches) != 1 || !next.IsZero() {
		t.Errorf("at first: %v, next %v", batches, next)
	}
	n.Add(datagram.Entry{Addr: nth(2)})
	if batches, next := n.Tick(1, 1, epoch.Add(1)); len(batches) != 0 || !next.Equal(epoch.Add(newsInterval)) {
		t.Errorf("at once again: %v, next %v", batches, next)
	}
	n.Add(datagram.Entry{Addr: nth(3)})
	if batches, _ := n.Tick(1, 1, epoch.Add(newsInterval)); len(batches) != 1 || len(batches[0]) != 2 {
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
	n.Add(datagram.Entry{Addr: nth(1)})
	n.Tick(4, 1, epoch)
	n.Add(datagram.Entry{Addr: nth(2)})
	if batches, next := n.Tick(4, 1, epoch.Add(newsInterval)); len(batches) != 0 || !next.Equal(epoch.Add(4*newsInterval)) {
		t.Errorf("%v, next %v", batches, next)
	}
}

// TestNewsAreBounded: the frames of a second, and the entries that wait.
func TestNewsAreBounded(t *testing.T) {
	n := NewNews()
	dropped := 0
	for i := range maxWaiting + 10 {
		if !n.Add(datagram.Entry{Addr: nth(i)}) {
			dropped++
		}
	}
	if n.Add(datagram.Entry{Addr: nth(20), Status: datagram.Dead}); dropped != 10 || len(n.waiting) != maxWaiting {
		t.Errorf("%d dropped, %d wait", dropped, len(n.waiting))
	}
	const audience = 50
	frames := 0
	for now := epoch; now.Before(epoch.Add(time.Second)); now = now.Add(newsInterval) {
		batches, _ := n.Tick(1, audience, now)
		frames += audience * len(batches)
	}
	if frames < maxSaved || frames > maxSaved+framesPerSecond {
		t.Errorf("%d frames in a second, want %d to %d", frames, maxSaved, maxSaved+framesPerSecond)
	}
	rest, _ := n.Tick(1, 1, epoch.Add(time.Hour))
	if last := rest[len(rest)-1]; last[len(last)-1].Status != datagram.Dead || len(n.waiting) != 0 {
		t.Errorf("the last is %v, %d are left", last[len(last)-1], len(n.waiting))
	}
}
