// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package spread

import (
	"math/bits"
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
