// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// fades is how long before its end a tombstone is no longer compared: nodes forget it at slightly
// different times, and one that has forgotten it must not get it again.
const fades = time.Hour

// table has the last value of each topic, tombstones included.
type table struct {
	entries    map[string]*entry
	topics     int // those of entries that are no tombstones
	bytes      int // of their names and values
	tombstones int
}

// entry is a value with its hashes.
type entry struct {
	Value
	topic, record uint64
}

func newTable() *table { return &table{entries: map[string]*entry{}} }

// outcome is what became of a value.
type outcome int

const (
	same    outcome = iota // it is known, or of no use
	news                   // it is the value of its topic now
	stale                  // a later one is known
	future                 // it is dated too far in the future
	refused                // there is no place for its topic
)

// expired reports whether a tombstone is as old as it may become, or will be in a time.
func (v Value) expired(now time.Time, in time.Duration) bool {
	return v.Deleted() && v.Time <= now.Add(in-Life).UnixNano()
}

func ahead(time int64, now time.Time) bool { return time > now.Add(MaxAhead).UnixNano() }

// take takes a value, and makes it the present one of its topic if it is later. It returns how many other
// topics had to make room for it, and how many tombstones were forgotten.
func (t *table) take(v Value, now time.Time) (o outcome, dropped, forgotten int) {
	old := t.entries[v.Topic]
	switch {
	case ahead(v.Time, now):
		return future, 0, 0
	case old == nil && v.expired(now, fades):
		return same, 0, 0
	case old != nil && v.Compare(old.Value) == 0:
		return same, 0, 0
	case old != nil && v.Compare(old.Value) < 0:
		return stale, 0, 0
	case old != nil:
		t.remove(old)
	}
	if v.expired(now, 0) {
		return news, 0, 0
	}
	t.add(newEntry(v))
	dropped, forgotten = t.trim()
	if o = news; t.entries[v.Topic] == nil && !v.Deleted() {
		o, dropped = refused, dropped-1
	}
	return o, dropped, forgotten
}

func (t *table) add(e *entry) {
	t.entries[e.Topic] = e
	t.count(e, 1)
}

func (t *table) remove(e *entry) {
	delete(t.entries, e.Topic)
	t.count(e, -1)
}

func (t *table) count(e *entry, n int) {
	if e.Deleted() {
		t.tombstones += n
		return
	}
	t.topics += n
	t.bytes += n * e.Size()
}

// trim drops the topics that were created last until the others have room, and the oldest tombstones. Which
// these are depends on all values together, and not on their order.
func (t *table) trim() (dropped, forgotten int) {
	for ; t.topics > limits.RetainedTopics || t.bytes > limits.RetainedBytes; dropped++ {
		t.remove(t.last(false, func(a, b *entry) int {
			return cmp.Or(cmp.Compare(a.Created, b.Created), strings.Compare(a.Topic, b.Topic))
		}))
	}
	for ; t.tombstones > limits.RetainedTombstones; forgotten++ {
		t.remove(t.last(true, func(a, b *entry) int {
			return cmp.Or(cmp.Compare(b.Time, a.Time), strings.Compare(a.Topic, b.Topic))
		}))
	}
	return dropped, forgotten
}

// last returns the last of the tombstones, or of the others, in an order.
func (t *table) last(tombstones bool, order func(a, b *entry) int) (last *entry) {
	for _, e := range t.entries {
		if e.Deleted() == tombstones && (last == nil || order(e, last) > 0) {
			last = e
		}
	}
	return last
}

// fits reports whether a value can be set: nothing is dropped for it. Fails with ErrFull.
func (t *table) fits(v Value) error {
	topics, bytes := t.topics, t.bytes
	if old := t.entries[v.Topic]; old != nil && !old.Deleted() {
		topics, bytes = topics-1, bytes-old.Size()
	}
	const do = "delete a topic that is not needed, with an empty message"
	switch {
	case v.Deleted():
		return nil
	case topics >= limits.RetainedTopics:
		return fmt.Errorf("%w: there are %d topics, the most that there can be; %s", ErrFull, t.topics, do)
	case bytes+v.Size() > limits.RetainedBytes:
		return fmt.Errorf("%w: the topics would have %d bytes, at most %d are possible; %s", ErrFull, bytes+v.Size(), limits.RetainedBytes, do)
	}
	return nil
}

// sweep forgets the tombstones whose time is over.
func (t *table) sweep(now time.Time) {
	for _, e := range t.entries {
		if e.expired(now, 0) {
			t.remove(e)
		}
	}
}

// list returns the values, ordered by topic.
func (t *table) list() (all []Value) {
	for _, e := range t.entries {
		if !e.Deleted() {
			all = append(all, e.Value)
		}
	}
	slices.SortFunc(all, func(a, b Value) int { return strings.Compare(a.Topic, b.Topic) })
	return all
}

// since returns the values with revisions over one, in that order.
func (t *table) since(revision uint64) (all []Value) {
	for _, e := range t.entries {
		if e.Revision > revision {
			all = append(all, e.Value)
		}
	}
	slices.SortFunc(all, func(a, b Value) int { return cmp.Compare(a.Revision, b.Revision) })
	return all
}

// compared returns what is compared with others, ordered by the hashes of the topics.
func (t *table) compared(now time.Time) (all []*entry) {
	for _, e := range t.entries {
		if !e.expired(now, fades) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.topic, b.topic) })
	return all
}

// Buckets of a digest: by the first bits of the hash of a topic.
const (
	bucketBits = 5
	buckets    = 1 << bucketBits
)

// digest returns the exclusive or of the hashes of the records in each bucket.
func digest(compared []*entry) (d [buckets]uint64) {
	for _, e := range compared {
		d[e.topic>>(64-bucketBits)] ^= e.record
	}
	return d
}

// firstOf returns the lowest hash of a bucket. That of the one behind the last bucket is 0.
func firstOf(bucket int) uint64 { return uint64(bucket) << (64 - bucketBits) }

// between returns the entries with hashes from first to last.
func between(compared []*entry, first, last uint64) []*entry {
	from, _ := slices.BinarySearchFunc(compared, first, func(e *entry, h uint64) int { return cmp.Compare(e.topic, h) })
	to := from
	for to < len(compared) && compared[to].topic <= last {
		to++
	}
	return compared[from:to]
}
