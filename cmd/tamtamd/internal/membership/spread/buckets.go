// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package spread

import (
	"hash/fnv"
	"iter"
	"net/netip"
)

// BucketCount is how many buckets the records of members are in, by their addresses. Two
// nodes that disagree on a few members exchange the records in a few buckets.
const BucketCount = 64

// AllBuckets is the Mask of all buckets.
const AllBuckets = ^Mask(0)

// Mask is a set of buckets: bit i is bucket i.
type Mask uint64

// Parts returns the set of all buckets in n parts, 1 to BucketCount, the first from a given bucket on.
func Parts(n, from int) []Mask {
	parts := make([]Mask, n)
	for i := range BucketCount {
		parts[i*n/BucketCount] |= 1 << ((from + i) % BucketCount)
	}
	return parts
}

// MaskOf returns the set of the bucket of an address.
func MaskOf(a netip.AddrPort) Mask { return 1 << bucketOf(a) }

// Has reports whether the bucket of an address is in the set.
func (m Mask) Has(a netip.AddrPort) bool { return m>>bucketOf(a)&1 != 0 }

// Some returns those buckets of the set that hold the given records, at most most of them:
// as many buckets as fit, but at least one, from a given one on. addrs are the addresses of
// the records.
func (m Mask) Some(addrs iter.Seq[netip.AddrPort], most, from int) (some Mask) {
	var sizes [BucketCount]int
	for a := range addrs {
		sizes[bucketOf(a)]++
	}
	for i := range BucketCount {
		b := (from + i) % BucketCount
		if m>>b&1 == 0 || some != 0 && sizes[b] > most {
			continue
		}
		some |= 1 << b
		most -= sizes[b]
	}
	return some
}

// Buckets are the digests of the records in each bucket.
type Buckets [BucketCount]Digest

// Add adds a record of an address.
func (b *Buckets) Add(a netip.AddrPort, record []byte) {
	h := fnv.New64a()
	_, _ = h.Write(record)
	b[bucketOf(a)] ^= Digest(mix(h.Sum64()))
}

// Join adds the records of others, which are not in it.
func (b *Buckets) Join(others *Buckets) {
	for i, d := range others {
		b[i] ^= d
	}
}

// Sum returns the digest of all records. It is never 0, which stands for none.
func (b *Buckets) Sum() uint64 {
	all := Digest(0)
	for _, d := range b {
		all ^= d
	}
	return all.Sum()
}

// Differ returns the buckets that differ.
func (b *Buckets) Differ(other *Buckets) (m Mask) {
	for i, d := range b {
		if d != other[i] {
			m |= 1 << i
		}
	}
	return m
}

// bucketOf returns the bucket of an address.
func bucketOf(a netip.AddrPort) int { return int(mix(uint64(Digest(0).Add(a))) % BucketCount) }

// mix makes each bit depend on all: FNV hashes of addresses with the same port have few
// different last bits. It is the finalizer of MurmurHash3.
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
