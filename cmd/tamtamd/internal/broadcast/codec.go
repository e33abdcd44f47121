// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"
)

// The first byte of a payload.
const (
	kindMessage = iota + 1
	kindDigest
	kindWant
	kindGone
	kindRepair // a message that answers a want
)

const (
	streamSize  = 26
	entrySize   = streamSize + 8
	messageHead = 1 + streamSize + 8 + 8 + 1
	digestHead  = 2
	wantSize    = 1 + streamSize + 8 + 2
	goneSize    = 1 + streamSize + 8

	// maxEntries is the largest number of entries of a digest that fits in a frame.
	maxEntries = 32

	// maxSequence is more than any node sends. Higher numbers are refused, so that
	// counting on from one cannot wrap.
	maxSequence = 1 << 62

	// flagAnswer asks for the receiver's own digest of the streams that differ.
	flagAnswer = 1
	// flagMeet marks an entry that is the position at which the sender's own stream
	// begins for the receiver, not its present position. With flagAnswer, the receiver
	// answers with the same for its own stream.
	flagMeet = 2
)

func appendStream(b []byte, s Stream) []byte {
	ip := s.Origin.Addr().As16()
	b = append(b, ip[:]...)
	b = binary.BigEndian.AppendUint16(b, s.Origin.Port())
	return binary.BigEndian.AppendUint64(b, s.Session)
}

func streamAt(b []byte) Stream {
	ip := netip.AddrFrom16([16]byte(b)).Unmap()
	return Stream{netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[16:])), binary.BigEndian.Uint64(b[18:])}
}

func appendMessage(b []byte, m Message) []byte {
	b = appendStream(append(b, kindMessage), m.Stream)
	b = binary.BigEndian.AppendUint64(b, m.Sequence)
	b = binary.BigEndian.AppendUint64(b, uint64(m.Sent.UnixNano()))
	b = append(append(b, byte(len(m.Topic))), m.Topic...)
	return append(b, m.Payload...)
}

// parseMessage does not keep b: topic and payload are copies.
func parseMessage(b []byte, now time.Time) (m Message, ok bool) {
	if len(b) < messageHead {
		return m, false
	}
	m.Stream = streamAt(b[1:])
	m.Sequence = binary.BigEndian.Uint64(b[1+streamSize:])
	m.Sent = time.Unix(0, int64(binary.BigEndian.Uint64(b[9+streamSize:])))
	m.Received = now
	topic := int(b[messageHead-1])
	b = b[messageHead:]
	if topic > len(b) || m.Sequence == 0 || m.Sequence > maxSequence || m.Session == 0 || m.Origin.Port() == 0 {
		return m, false
	}
	m.Topic, m.Payload = string(b[:topic]), bytes.Clone(b[topic:])
	return m, checkTopic(m.Topic) && len(m.Payload) <= MaxPayload
}

// entry is one stream in a digest.
type entry struct {
	Stream
	have uint64 // every message up to this one is there
}

func appendDigest(b []byte, flags byte, entries []entry) []byte {
	b = append(b, kindDigest, flags)
	for _, e := range entries {
		b = binary.BigEndian.AppendUint64(appendStream(b, e.Stream), e.have)
	}
	return b
}

func parseDigest(b []byte) (flags byte, entries []entry, ok bool) {
	if len(b) < digestHead || (len(b)-digestHead)%entrySize != 0 {
		return 0, nil, false
	}
	for rest := b[digestHead:]; len(rest) > 0; rest = rest[entrySize:] {
		e := entry{streamAt(rest), binary.BigEndian.Uint64(rest[streamSize:])}
		if e.have > maxSequence {
			return 0, nil, false
		}
		entries = append(entries, e)
	}
	return b[1], entries, true
}

// want asks for count messages of a stream.
type want struct {
	Stream
	from  uint64
	count int
}

func appendWant(b []byte, w want) []byte {
	b = appendStream(append(b, kindWant), w.Stream)
	b = binary.BigEndian.AppendUint64(b, w.from)
	return binary.BigEndian.AppendUint16(b, uint16(w.count))
}

func parseWant(b []byte) (w want, ok bool) {
	if len(b) != wantSize {
		return w, false
	}
	w.Stream, w.from = streamAt(b[1:]), binary.BigEndian.Uint64(b[1+streamSize:])
	w.count = int(binary.BigEndian.Uint16(b[9+streamSize:]))
	return w, true
}

func appendGone(b []byte, s Stream, first uint64) []byte {
	return binary.BigEndian.AppendUint64(appendStream(append(b, kindGone), s), first)
}

func parseGone(b []byte) (s Stream, first uint64, ok bool) {
	if len(b) != goneSize {
		return s, 0, false
	}
	return streamAt(b[1:]), binary.BigEndian.Uint64(b[1+streamSize:]), true
}
