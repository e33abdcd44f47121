// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

var six = netip.MustParseAddrPort("[2001:db8::1]:65535")

// largest is a value whose record is as large as it can be.
func largest() Value {
	return Value{Topic: strings.Repeat("t", limits.MaxTopic), Payload: make([]byte, limits.MaxRetained), Time: math.MaxInt64, Created: 1, Origin: six}
}

// TestRecords: what is encoded is read again, whole frames of it, and nothing that is cut off.
func TestRecords(t *testing.T) {
	some := []Value{
		{Topic: "a", Payload: []byte("b"), Time: 5, Created: 3, Origin: at(1)},
		{Topic: "ä/ö", Payload: []byte{}, Time: 7, Created: 7, Origin: six},
		{Topic: "c", Payload: []byte(strings.Repeat("x", 1000)), Time: 8, Created: 8, Origin: at(2)},
		largest(),
	}
	var entries []*entry
	for _, v := range some {
		entries = append(entries, newEntry(v))
	}
	var have []Value
	for rest := entries; len(rest) > 0; {
		b, n := encodeRecords(rest, flagPush)
		if len(b) > limits.FrameData || n > 1 && len(b) > limits.RelayedData || n == 0 {
			t.Fatalf("%d records take %d bytes", n, len(b))
		}
		flags, all, ok := parseRecords(b)
		if !ok || flags != flagPush || len(all) != n {
			t.Fatalf("%d records are read as %v, %v", n, all, ok)
		}
		for i := range b {
			if _, all, ok := parseRecords(b[:i]); ok && len(all) == n {
				t.Errorf("%d bytes of %d are %d records", i, len(b), n)
			}
		}
		have, rest = append(have, all...), rest[n:]
	}
	if !reflect.DeepEqual(have, some) {
		t.Errorf("%v, want %v", have, some)
	}
}

// TestBadRecords: a record that no node sends is none.
func TestBadRecords(t *testing.T) {
	good := Value{Topic: "a", Payload: []byte("b"), Time: 5, Created: 5, Origin: at(1)}
	for name, change := range map[string]func(*Value){
		"no topic":        func(v *Value) { v.Topic = "" },
		"long topic":      func(v *Value) { v.Topic = strings.Repeat("t", limits.MaxTopic+1) },
		"unprintable":     func(v *Value) { v.Topic = "a\x1b" },
		"no UTF-8":        func(v *Value) { v.Topic = "\xff" },
		"large":           func(v *Value) { v.Payload = make([]byte, limits.MaxRetained+1) },
		"no time":         func(v *Value) { v.Time, v.Created = 0, 0 },
		"negative":        func(v *Value) { v.Time, v.Created = -1, -1 },
		"created at zero": func(v *Value) { v.Created = 0 },
		"created later":   func(v *Value) { v.Created = 6 },
		"old tombstone":   func(v *Value) { v.Payload, v.Created = nil, 4 },
		"no port":         func(v *Value) { v.Origin = netip.AddrPortFrom(v.Origin.Addr(), 0) },
	} {
		v := good
		if change(&v); reflect.DeepEqual(v, good) {
			t.Fatal(name)
		}
		b := appendRecord([]byte{kindRecords, 0}, v)
		if _, all, ok := parseRecords(b); ok {
			t.Errorf("%s: read as %v", name, all)
		}
	}
	if _, _, ok := parseRecords(appendRecord([]byte{kindRecords, 0}, good)); !ok {
		t.Error("the good one is none")
	}
}

// TestIndexes: they cover all hashes from the first to the last, in frames that a relay can take.
func TestIndexes(t *testing.T) {
	var all []*entry
	for i := range 200 {
		all = append(all, &entry{topic: uint64(i) * 1000, record: uint64(i), Value: Value{Time: int64(i + 1)}})
	}
	for _, n := range []int{0, 1, 44, 45, 200} {
		next, seen := uint64(0), 0
		messages := encodeIndexes(all[:n], 0, math.MaxUint64)
		for i, b := range messages {
			first, last, some, ok := parseIndex(b)
			if !ok || first != next || (last == math.MaxUint64) != (i == len(messages)-1) || len(b) > limits.RelayedData {
				t.Fatalf("%d of %d: from %d to %d, %d bytes, %v", i, n, first, last, len(b), ok)
			}
			for _, s := range some {
				if s.topic != all[seen].topic || s.record != all[seen].record || s.time != all[seen].Time {
					t.Errorf("%d of %d: %v", seen, n, s)
				}
				seen++
			}
			next = last + 1
		}
		if seen != n {
			t.Errorf("%d of %d", seen, n)
		}
	}
	if b := encodeIndexes(all[1:2], 0, 999); len(b) != 1 {
		t.Error("not one frame")
	} else if _, _, _, ok := parseIndex(b[0]); ok {
		t.Error("an entry outside of the range is taken")
	}
}

// TestOthers: the other messages are read as they are written.
func TestOthers(t *testing.T) {
	d := [buckets]uint64{3: 7, 31: math.MaxUint64}
	if have, ok := parseDigest(encodeDigest(d)); !ok || have != d {
		t.Errorf("%v", have)
	}
	if have, ok := parseWant(encodeWant([]uint64{1, math.MaxUint64})); !ok || !reflect.DeepEqual(have, []uint64{1, math.MaxUint64}) {
		t.Errorf("%v", have)
	}
	s := stamp{9, math.MaxInt64}
	if status, have, ok := parseHave(encodeHave(statusRefused, s)); !ok || have != s || status != statusRefused {
		t.Errorf("%v", have)
	}
	if have, ok := parseAsk(encodeAsk(s)); !ok || have != s {
		t.Errorf("%v", have)
	}
}

// FuzzReceive: no message harms a node, whatever it is; what it has stays sound.
func FuzzReceive(f *testing.F) {
	v := Value{Topic: "a", Payload: []byte("b"), Time: time.Unix(1e9, 0).UnixNano(), Created: 1, Origin: at(1)}
	records, _ := encodeRecords([]*entry{newEntry(v)}, flagConfirm|flagPush)
	for _, b := range [][]byte{
		records, encodeDigest([buckets]uint64{1: 1}), encodeIndexes([]*entry{newEntry(v)}, 0, math.MaxUint64)[0], encodeWant([]uint64{hash([]byte("a"))}),
		encodeHave(0, stamp{1, 1}), encodeAsk(stamp{1, 1}), {}, {99},
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sent := 0
		n := &simNode{addr: at(2), got: map[string][]Value{}}
		n.Core = NewCore(CoreConfig{
			Self: at(2), Send: func(_ netip.AddrPort, b []byte) bool { sent++; return len(b) > 0 }, Random: func(int) int { return 0 },
			Deliver: func(v Value) { n.got[v.Topic] = append(n.got[v.Topic], v) },
		})
		now := time.Unix(1e9, 0)
		n.Up(now, at(1))
		for i := range 50 {
			if _, err := n.Set(now, fmt.Sprint(i), []byte("x"), false); err != nil {
				t.Fatal(err)
			}
		}
		n.Receive(now, at(1), b)
		n.Receive(now, at(3), b) // no member
		n.Tick(now)
		n.sound(t)
		if sent > 200 {
			t.Errorf("%d messages are sent for one", sent)
		}
	})
}
