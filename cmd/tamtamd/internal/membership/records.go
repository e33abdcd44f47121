// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// record is what a node says of one session of a member.
//
//	status 1 · IP 4 or 16 · port 2 · session 8 · value 4
//
// An IPv6 address is marked in the status. A receiver passes over a status that it does not
// know. So the cause of a death is a record of its own, which follows that of the death: its
// address is that of the member that found it, its value the reason.
type record struct {
	status  recordStatus
	addr    netip.AddrPort
	session uint64 // 0 for a plain Smudge node
	value   uint32 // of a live session: of its tags, see hashTags; of an ended one: how long ago, in seconds; of a cause: a member.Reason
}

type recordStatus uint8

const (
	recordAlive recordStatus = iota + 1
	recordLeft
	recordRemoved // by a user
	recordDead
	recordCause // of the death in the record before it
)

const (
	recordIPv6  = 1 << 7
	recordFixed = 1 + 2 + 8 + 4 // the size without the IP
)

// liveRecord returns the record of a live session.
func liveRecord(a netip.AddrPort, i member.Info) record {
	return record{recordAlive, a, i.Session, hashTags(i.Tags)}
}

// endedRecord returns the record of a session that ended some time ago.
func endedRecord(s recordStatus, a netip.AddrPort, session uint64, ago time.Duration) record {
	return record{s, a, session, uint32(min(max(0, ago/time.Second), math.MaxUint32))}
}

// causeRecord returns the record of why a session is dead, and who found it.
func causeRecord(by netip.AddrPort, session uint64, why member.Reason) record {
	if !by.IsValid() { // it is not known
		by = netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	return record{recordCause, by, session, uint32(why)}
}

// age returns how long ago the session ended.
func (r record) age() time.Duration { return time.Duration(r.value) * time.Second }

// agreed returns the record without that in which nodes that agree may differ.
func (r record) agreed() record {
	if r.status != recordAlive {
		r.value = 0
	}
	return r
}

func hashTags(text string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return h.Sum32()
}

func (r record) append(dst []byte) []byte {
	status := byte(r.status)
	if !r.addr.Addr().Is4() {
		status |= recordIPv6
	}
	dst = append(append(dst, status), r.addr.Addr().AsSlice()...)
	dst = binary.BigEndian.AppendUint16(dst, r.addr.Port())
	dst = binary.BigEndian.AppendUint64(dst, r.session)
	return binary.BigEndian.AppendUint32(dst, r.value)
}

// parseRecord returns the record at the beginning of b, and what follows.
func parseRecord(b []byte) (r record, rest []byte, ok bool) {
	ipSize := 4
	if len(b) > 0 && b[0]&recordIPv6 != 0 {
		ipSize = 16
	}
	if len(b) < recordFixed+ipSize {
		return r, nil, false
	}
	ip, _ := netip.AddrFromSlice(b[1 : 1+ipSize])
	r.status, b = recordStatus(b[0]&^recordIPv6), b[1+ipSize:]
	r.addr = netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16(b))
	r.session, r.value = binary.BigEndian.Uint64(b[2:]), binary.BigEndian.Uint32(b[10:])
	return r, b[14:], true
}

// recordList is what a node says of the members in some buckets, or of what it could say.
//
//	flags 1 · buckets 8 · records
//	flags 1 · the digest of each bucket 8
//	flags 1 · how many there are 8 · records of some
//
// Digests are of all records only for one that has asked for that: see memberList.
type recordList struct {
	ask     bool            // the receiver's own records in the buckets are wanted
	some    bool            // it is of some members only, which were asked for
	of      int             // how many live ones there are, if some; it takes the place of buckets
	buckets spread.Mask     // those of the records
	digests *spread.Buckets // of the sender's records; then there are none in the list
	dead    bool            // the digests are of the dead, too
	records []record
	answers bool // a question, and asks none; it is not sent
}

// Flags of a recordList. flagAsk and flagSome are others.
const (
	flagDigests = 1 << 1 // it is of the second form
	flagDead    = 1 << 2 // the digests are of the dead, too
)

const (
	recordListFixed  = 9
	recordListMost   = (wire.MaxRelayedData - recordListFixed) / (recordFixed + 16)
	recordListMostV4 = (wire.MaxRelayedData - recordListFixed) / (recordFixed + 4)
)

// encode returns the messages that carry a list, in order: one without records, else as many
// as it takes. The last carries ask.
func (l recordList) encode() (messages [][]byte) {
	if l.digests != nil {
		b := []byte{flagDigests}
		if l.dead {
			b[0] |= flagDead
		}
		for _, d := range l.digests {
			b = binary.BigEndian.AppendUint64(b, uint64(d))
		}
		return [][]byte{b}
	}
	most := recordListMostV4
	for _, r := range l.records {
		if !r.addr.Addr().Is4() {
			most = recordListMost
		}
	}
	for {
		some := l.records[:min(len(l.records), most)]
		if n := len(some); n < len(l.records) && l.records[n].status == recordCause {
			some = some[:n-1] // it goes with its death
		}
		l.records = l.records[len(some):]
		last := len(l.records) == 0
		b := make([]byte, 1, wire.MaxRelayedData)
		if l.ask && last {
			b[0] = flagAsk
		}
		if l.some && last {
			b[0] |= flagSome
		}
		first := uint64(l.buckets)
		if l.some {
			first = uint64(l.of)
		}
		b = binary.BigEndian.AppendUint64(b, first)
		for _, r := range some {
			b = r.append(b)
		}
		if messages = append(messages, b); last {
			return messages
		}
	}
}

func parseRecordList(b []byte) (l recordList, ok bool) {
	switch {
	case len(b) < recordListFixed:
		return l, false
	case b[0]&flagDigests != 0:
		return parseDigests(b)
	}
	l.ask, l.some = b[0]&flagAsk != 0, b[0]&flagSome != 0
	if first := binary.BigEndian.Uint64(b[1:]); l.some {
		l.of = int(min(first, math.MaxUint16))
	} else {
		l.buckets = spread.Mask(first)
	}
	for b = b[recordListFixed:]; len(b) > 0; {
		var r record
		if r, b, ok = parseRecord(b); !ok {
			return l, false
		}
		l.records = append(l.records, r)
	}
	return l, true
}

func parseDigests(b []byte) (l recordList, ok bool) {
	l.digests = new(spread.Buckets)
	l.dead, b = b[0]&flagDead != 0, b[1:]
	if len(b) != len(l.digests)*8 {
		return recordList{}, false
	}
	for i := range l.digests {
		l.digests[i] = spread.Digest(binary.BigEndian.Uint64(b[i*8:]))
	}
	return l, true
}
