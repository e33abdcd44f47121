// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package spread

import (
	"math/bits"
	"net/netip"
	"slices"
	"testing"
)

// TestBuckets: what differs is found, whatever the order, and little else.
func TestBuckets(t *testing.T) {
	const records = 1000
	var a, b Buckets
	record := func(i int) []byte { return []byte{byte(i), byte(i >> 8)} }
	for i := range records {
		a.Add(nth(i), record(i))
		b.Add(nth(records-1-i), record(records-1-i))
	}
	if a != b || a.Sum() != b.Sum() || a.Differ(&b) != 0 {
		t.Error("another order makes a difference")
	}
	b.Add(nth(7), record(8))
	differ := a.Differ(&b)
	if bits.OnesCount64(uint64(differ)) != 1 || !differ.Has(nth(7)) || a.Sum() == b.Sum() {
		t.Errorf("of one record more, the buckets %b differ", differ)
	}
	for i, d := range a {
		if d == 0 {
			t.Errorf("bucket %d is empty", i)
		}
	}
	if (&Buckets{}).Sum() == 0 {
		t.Error("the digest of no records stands for none")
	}
}

// TestSomeBuckets: no more records than wanted, but at least one bucket, and in time all.
func TestSomeBuckets(t *testing.T) {
	var addrs []netip.AddrPort
	for i := range 4096 {
		addrs = append(addrs, nth(i))
	}
	for _, c := range []struct{ most, records int }{{0, 1}, {1, 1}, {1024, 900}, {5000, 4096}} {
		all := Mask(0)
		for from := range BucketCount {
			some, n := AllBuckets.Some(slices.Values(addrs), c.most, from), 0
			for _, a := range addrs {
				if some.Has(a) {
					n++
				}
			}
			if n < c.records || n > c.most && bits.OnesCount64(uint64(some)) != 1 {
				t.Errorf("at most %d: %d records in %d buckets", c.most, n, bits.OnesCount64(uint64(some)))
			}
			all |= some
		}
		if all != AllBuckets {
			t.Errorf("at most %d: never chosen are %b", c.most, ^all)
		}
	}
	if some := Mask(6).Some(slices.Values(addrs), 5000, 3); some != 6 {
		t.Errorf("of the buckets 1 and 2, %b are chosen", some)
	}
}

// TestParts: each bucket is in one part, and they are about as large.
func TestParts(t *testing.T) {
	for n := 1; n <= BucketCount; n++ {
		all := Mask(0)
		for _, part := range Parts(n, 3*n) {
			if size := bits.OnesCount64(uint64(part)); all&part != 0 || size < BucketCount/n || size > BucketCount/n+1 {
				t.Errorf("one of %d parts has %d buckets: %b", n, size, part)
			}
			all |= part
		}
		if all != AllBuckets {
			t.Errorf("%d parts have the buckets %b", n, all)
		}
	}
}
