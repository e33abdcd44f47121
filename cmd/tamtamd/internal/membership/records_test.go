// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

var someRecords = []record{
	{recordAlive, alice, 7, hashTags("a=b")},
	{recordLeft, netip.MustParseAddrPort("[2001:db8::1]:1"), math.MaxUint64, 3},
	{recordRemoved, bob, 0, math.MaxUint32},
	{99, carol, 1, 1},
}

func (l recordList) equals(other recordList) bool {
	return l.ask == other.ask && l.dead == other.dead && l.buckets == other.buckets && slices.Equal(l.records, other.records) &&
		(l.digests == nil) == (other.digests == nil) && (l.digests == nil || *l.digests == *other.digests)
}

// TestRecordList: a list of any length arrives whole, in messages that the wire carries,
// and asks once.
func TestRecordList(t *testing.T) {
	ipv6 := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 14: byte(i >> 8), 15: byte(i)}), 1)
	}
	for _, addr := range []func(int) netip.AddrPort{nth, ipv6} {
		for _, n := range []int{0, 1, recordListMost, recordListMost + 1, recordListMostV4, recordListMostV4 + 1, 300} {
			l := recordList{ask: true, buckets: 5}
			for i := range n {
				l.records = append(l.records, record{recordAlive, addr(i), uint64(i), 9})
			}
			got, asks := recordList{ask: true, buckets: 5}, 0
			for _, b := range l.encode() {
				part, ok := parseRecordList(b)
				if !ok || part.buckets != 5 || len(b) > wire.MaxRelayedData {
					t.Fatalf("%d records: %d bytes, %+v", n, len(b), part)
				}
				if part.ask {
					asks++
				}
				got.records = append(got.records, part.records...)
			}
			if asks != 1 || !got.equals(l) {
				t.Errorf("%d of %d records, asked %d times", len(got.records), n, asks)
			}
		}
	}
}

func TestRecordListIsParsedWhole(t *testing.T) {
	for _, want := range []recordList{
		{ask: true, buckets: spread.AllBuckets, records: someRecords}, {digests: &spread.Buckets{1, 2, 63: 3}}, {digests: &spread.Buckets{1}, dead: true},
	} {
		b := want.encode()[0]
		if got, ok := parseRecordList(b); !ok || !got.equals(want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		for i := range b {
			if got, ok := parseRecordList(b[:i]); ok && (want.digests != nil || len(got.records) == len(want.records)) {
				t.Errorf("%d bytes of %d are parsed as %+v", i, len(b), got)
			}
		}
		if _, ok := parseRecordList(append(b, 0)); ok {
			t.Error("one byte more is parsed")
		}
	}
}

// TestAgesAreBounded: a clock that was set back makes none negative.
func TestAgesAreBounded(t *testing.T) {
	for _, c := range []struct {
		ago  time.Duration
		want uint32
	}{{-time.Hour, 0}, {1500 * time.Millisecond, 1}, {math.MaxInt64, math.MaxUint32}} {
		if r := endedRecord(recordLeft, alice, 1, c.ago); r.value != c.want {
			t.Errorf("%v ago is %d s, want %d", c.ago, r.value, c.want)
		}
	}
}
