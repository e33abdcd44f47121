// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestQueueIsAMapInOrder compares with a map: whatever is set and removed, the due ones come out
// in the order of their times, and only these.
func TestQueueIsAMapInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var q Queue[int]
	want := map[int]time.Time{}
	at := func() time.Time { return time.Unix(int64(random.IntN(1000)), 0) }
	for range 20_000 {
		switch k := random.IntN(100); random.IntN(6) {
		case 0:
			q.Remove(k)
			delete(want, k)
		case 1:
			q.Set(k, time.Time{})
			delete(want, k)
		case 2:
			now := at()
			due := q.AppendDue(nil, now)
			if !slices.IsSortedFunc(due, func(a, b int) int { return want[a].Compare(want[b]) }) {
				t.Fatalf("not in order: %v", due)
			}
			expect := slices.Collect(maps.Keys(want))
			expect = slices.DeleteFunc(expect, func(k int) bool { return want[k].After(now) })
			slices.Sort(expect)
			slices.Sort(due)
			if !slices.Equal(due, expect) {
				t.Fatalf("due are %v, want %v", due, expect)
			}
			for _, k := range due {
				delete(want, k)
			}
		default:
			want[k] = at()
			q.Set(k, want[k])
		}
		var next time.Time
		for _, at := range want {
			next = Earlier(next, at)
		}
		if !q.Next().Equal(next) || q.Len() != len(want) {
			t.Fatalf("the next of %d is due at %v, want %v of %d", q.Len(), q.Next(), next, len(want))
		}
		for k, at := range want {
			if !q.At(k).Equal(at) {
				t.Fatalf("%d is due at %v, want %v", k, q.At(k), at)
			}
		}
	}
}
