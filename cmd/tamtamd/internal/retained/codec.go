// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// The first byte of a message.
const (
	kindRecords = iota + 1
	kindDigest
	kindIndex
	kindWant
	kindHave
	kindAsk
)

// Flags of records.
const (
	flagConfirm = 1 << iota // the sender wants to know that the receiver has them
	flagPush                // the sender has just set it, and pushes it to all
)

// Statuses of have.
const (
	statusHas     = iota // it has that value, or a later one
	statusLacks          // only asked for: it does not have it
	statusFuture         // it is dated too far in the future
	statusRefused        // there is no place for it
)

const (
	recordsHead = 2
	stampSize   = 8 + 8 // hash of a topic, time
	indexHead   = 1 + 8 + 8
	indexSize   = stampSize + 8
	// most is how large a message may be that has several of something: it can go by a relay.
	most = limits.RelayedData
)

func hash(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

func newEntry(v Value) *entry {
	return &entry{Value: v, topic: hash([]byte(v.Topic)), record: hash(appendRecord(nil, v))}
}

func appendRecord(b []byte, v Value) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(v.Time))
	b = binary.AppendUvarint(b, uint64(v.Time-v.Created))
	b = frame.AppendAddr(b, v.Origin)
	b = append(append(b, byte(len(v.Topic))), v.Topic...)
	return append(binary.AppendUvarint(b, uint64(len(v.Payload))), v.Payload...)
}

// encodeRecords encodes the first of some records, as many as fit, and returns how many these are: one
// at least, whatever its size.
func encodeRecords(some []*entry, flags byte) (b []byte, n int) {
	b = append(b, kindRecords, flags)
	for ; n < len(some); n++ {
		whole := len(b)
		if b = appendRecord(b, some[n].Value); n > 0 && len(b) > most {
			return b[:whole], n
		}
	}
	return b, n
}

// parseRecords does not keep b. A message with one wrong record is wrong.
func parseRecords(b []byte) (flags byte, all []Value, ok bool) {
	if len(b) <= recordsHead {
		return 0, nil, false
	}
	flags = b[1]
	for b = b[recordsHead:]; len(b) > 0; {
		var v Value
		if v, b, ok = parseRecord(b); !ok {
			return 0, nil, false
		}
		all = append(all, v)
	}
	return flags, all, true
}

func parseRecord(b []byte) (v Value, rest []byte, ok bool) {
	if len(b) < 8 {
		return v, nil, false
	}
	set := binary.BigEndian.Uint64(b)
	age, n := binary.Uvarint(b[8:])
	if n <= 0 || set > math.MaxInt64 || age >= set || len(b) < 8+n+frame.AddrSize+1 {
		return v, nil, false
	}
	b = b[8+n:]
	v.Time, v.Created, v.Origin = int64(set), int64(set-age), frame.Addr(b)
	topic := int(b[frame.AddrSize])
	if b = b[frame.AddrSize+1:]; len(b) <= topic {
		return v, nil, false
	}
	v.Topic, b = string(b[:topic]), b[topic:]
	length, n := binary.Uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) {
		return v, nil, false
	}
	end := n + int(length)
	v.Payload = bytes.Clone(b[n:end])
	return v, b[end:], Check(v.Topic, v.Payload) == nil && v.Origin.Port() != 0 && (!v.Deleted() || age == 0)
}

func encodeDigest(d [buckets]uint64) []byte {
	b := []byte{kindDigest}
	for _, h := range d {
		b = binary.BigEndian.AppendUint64(b, h)
	}
	return b
}

func parseDigest(b []byte) (d [buckets]uint64, ok bool) {
	if len(b) != 1+8*buckets {
		return d, false
	}
	for i := range d {
		d[i] = binary.BigEndian.Uint64(b[1+8*i:])
	}
	return d, true
}

// stamp names a value of a topic without its content.
type stamp struct {
	topic uint64 // its hash
	time  int64
}

func (e *entry) stamp() stamp { return stamp{e.topic, e.Time} }

func appendStamp(b []byte, s stamp) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, s.topic), uint64(s.time))
}

func stampAt(b []byte) (s stamp, ok bool) {
	s = stamp{binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:]))}
	return s, s.time > 0
}

// encodeIndexes encodes all entries with hashes from first to last.
func encodeIndexes(all []*entry, first, last uint64) (messages [][]byte) {
	const fit = (most - indexHead) / indexSize
	for {
		some := all[:min(len(all), fit)]
		all = all[len(some):]
		to := last
		if len(all) > 0 {
			to = some[len(some)-1].topic
		}
		b := binary.BigEndian.AppendUint64([]byte{kindIndex}, first)
		b = binary.BigEndian.AppendUint64(b, to)
		for _, e := range some {
			b = binary.BigEndian.AppendUint64(appendStamp(b, e.stamp()), e.record)
		}
		messages = append(messages, b)
		if first = to + 1; len(all) == 0 {
			return messages
		}
	}
}

// indexed is a record that another node has.
type indexed struct {
	stamp
	record uint64
}

func parseIndex(b []byte) (first, last uint64, all []indexed, ok bool) {
	if len(b) < indexHead || (len(b)-indexHead)%indexSize != 0 {
		return 0, 0, nil, false
	}
	first, last = binary.BigEndian.Uint64(b[1:]), binary.BigEndian.Uint64(b[9:])
	for b = b[indexHead:]; len(b) > 0; b = b[indexSize:] {
		s, valid := stampAt(b)
		if !valid || s.topic < first || s.topic > last {
			return 0, 0, nil, false
		}
		all = append(all, indexed{s, binary.BigEndian.Uint64(b[stampSize:])})
	}
	return first, last, all, true
}

func encodeWant(topics []uint64) []byte {
	b := []byte{kindWant}
	for _, t := range topics {
		b = binary.BigEndian.AppendUint64(b, t)
	}
	return b
}

func parseWant(b []byte) (topics []uint64, ok bool) {
	if len(b) < 1+8 || (len(b)-1)%8 != 0 {
		return nil, false
	}
	for b = b[1:]; len(b) > 0; b = b[8:] {
		topics = append(topics, binary.BigEndian.Uint64(b))
	}
	return topics, true
}

func encodeHave(status byte, s stamp) []byte { return appendStamp([]byte{kindHave, status}, s) }

func parseHave(b []byte) (status byte, s stamp, ok bool) {
	if len(b) != 2+stampSize {
		return 0, s, false
	}
	s, ok = stampAt(b[2:])
	return b[1], s, ok
}

func encodeAsk(s stamp) []byte { return appendStamp([]byte{kindAsk}, s) }

func parseAsk(b []byte) (s stamp, ok bool) {
	if len(b) != 1+stampSize {
		return s, false
	}
	return stampAt(b[1:])
}
