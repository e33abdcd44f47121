// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// The first byte of a payload.
const (
	kindMessage = iota + 1
	kindDigest
	kindWant
	kindGone
	kindRepair // a message that nobody passes on
	kindBatch
	kindRepairBatch // a batch that nobody passes on
	kindAddressed   // a batch whose messages say whom they are for
	kindRepairAddressed
	kindReport // which of these are for a node
)

const (
	streamSize  = 26
	entrySize   = streamSize + 8
	messageHead = 1 + streamSize + 8 + 8 + 1
	digestHead  = 2
	wantSize    = 1 + streamSize + 8 + 2
	goneSize    = 1 + streamSize + 8
	batchHead   = 1 + streamSize + 8
	// maxBatch is the most bytes of a batch: it can go by a relay.
	maxBatch = limits.RelayedData
	// maxTogether is the most messages of a batch: a token counts them in eight bits.
	maxTogether = 64
	// sinceSize is the least size of the time between two messages of a batch, which holds 134 ms. So
	// batches of as many messages of one size have one size, and the kernel takes a run of them at once.
	sinceSize = 4

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

// parseMessage parses a message. Its payload is that in b.
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
	m.Topic, m.Payload = string(b[:topic]), b[topic:]
	return m, checkTopic(m.Topic) && len(m.Payload) <= pieceSize
}

// appendBatch encodes the first of some messages of one stream, as many as follow each other
// and fit in maxBatch, and returns how many that are. One message alone is encoded whatever its
// size, and as appendMessage does if it is for all.
//
//	kind 1 · stream 26 · sequence of the first 8 ·
//	of each: nanoseconds since the one before was sent, varint · length 1 and topic ·
//	length, uvarint, and payload · if one of them is not for all, or in pieces: length, uvarint, and recipients ·
//	if one of them is in pieces: which piece 1 · of how many 1, 0 for a whole message
func appendBatch(b []byte, some []Message, passOn bool) ([]byte, int) {
	kind := byte(kindRepairBatch)
	if passOn {
		kind = kindBatch
	}
	first := some[:min(len(some), maxTogether)]
	inPieces := slices.ContainsFunc(first, func(m Message) bool { return m.piece.of > 0 })
	addressed := inPieces || slices.ContainsFunc(first, func(m Message) bool { return m.To != "" })
	switch {
	case inPieces:
		kind += kindPieces - kindBatch
	case addressed:
		kind += kindAddressed - kindBatch
	}
	start, n := len(b), 0
	b = binary.BigEndian.AppendUint64(appendStream(append(b, kind), some[0].Stream), some[0].Sequence)
	var sent int64
	for _, m := range some {
		whole := len(b)
		b = appendSince(b, m.Sent.UnixNano()-sent)
		b = append(append(b, byte(len(m.Topic))), m.Topic...)
		b = append(binary.AppendUvarint(b, uint64(len(m.Payload))), m.Payload...)
		if addressed {
			b = append(binary.AppendUvarint(b, uint64(len(m.To))), m.To...)
		}
		if inPieces {
			b = appendPiece(b, m.piece)
		}
		if n == maxTogether || n > 0 && len(b)-start > maxBatch || m.Sequence != some[0].Sequence+uint64(n) {
			b = b[:whole]
			break
		}
		sent = m.Sent.UnixNano()
		n++
	}
	if n > 1 || some[0].To != "" || some[0].piece.of > 0 {
		return b, n
	}
	b = appendMessage(b[:start], some[0])
	if !passOn {
		b[start] = kindRepair
	}
	return b, 1
}

// appendSince appends a varint of sinceSize bytes or more: zeros at its end change nothing.
func appendSince(b []byte, since int64) []byte {
	start := len(b)
	for b = binary.AppendVarint(b, since); len(b) < start+sinceSize; b = append(b, 0) {
		b[len(b)-1] |= 0x80 // more follows
	}
	return b
}

// parseBatch parses messages of any kind, in the place of some. Their payloads are those in b.
func parseBatch(some []Message, b []byte, now time.Time) (parsed []Message, ok bool) {
	switch {
	case len(b) == 0:
		return nil, false
	case b[0] == kindMessage || b[0] == kindRepair:
		m, ok := parseMessage(b, now)
		return append(some[:0], m), ok
	case !slices.Contains([]byte{kindBatch, kindRepairBatch, kindAddressed, kindRepairAddressed, kindPieces, kindRepairPieces}, b[0]) || len(b) < batchHead:
		return nil, false
	}
	m := Message{Stream: streamAt(b[1:]), Sequence: binary.BigEndian.Uint64(b[1+streamSize:]), Received: now}
	if m.Session == 0 || m.Origin.Port() == 0 {
		return nil, false
	}
	var sent int64
	inPieces := isPieces(b)
	addressed := inPieces || isAddressed(b)
	some = some[:0]
	for b = b[batchHead:]; len(b) > 0; m.Sequence++ {
		since, n := binary.Varint(b)
		if n <= 0 || len(some) == maxTogether || m.Sequence == 0 || m.Sequence > maxSequence {
			return nil, false
		}
		sent += since
		topic, rest, ok := cut(b[n:], 1)
		if !ok {
			return nil, false
		}
		payload, rest, ok := cut(rest, binary.MaxVarintLen64)
		if !ok || len(payload) > pieceSize {
			return nil, false
		}
		if m.Topic != string(topic) { // which is mostly that of the message before
			m.Topic = string(topic)
		}
		if !checkTopic(m.Topic) {
			return nil, false
		}
		m.Sent, m.Payload = time.Unix(0, sent), payload
		if addressed {
			var to []byte
			if to, rest, ok = cut(rest, binary.MaxVarintLen64); !ok {
				return nil, false
			}
			m.To = string(to)
		}
		if inPieces {
			if rest, ok = m.cutPiece(rest); !ok {
				return nil, false
			}
		}
		some, b = append(some, m), rest
	}
	return some, len(some) > 0
}

// isAddressed reports whether a payload can only be read by nodes that know of recipients.
func isAddressed(b []byte) bool {
	return len(b) > 0 && (b[0] == kindAddressed || b[0] == kindRepairAddressed)
}

// cut returns what follows a length, which takes so many bytes at most, and the rest.
func cut(b []byte, most int) (value, rest []byte, ok bool) {
	size, n := binary.Uvarint(b[:min(len(b), most)])
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, false
	}
	end := n + int(size)
	return b[n:end], b[end:], true
}

// A token names the messages of one batch of this node's stream: the sequence number of the
// first, and how many follow it. No node sends 2⁵⁶ messages.
const tokenShift = 56

func tokenOf(first uint64, n int) uint64 { return first | uint64(n-1)<<tokenShift }

func messagesOf(token uint64) (first, last uint64) {
	first = token & (1<<tokenShift - 1)
	return first, first + token>>tokenShift
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

// A report has a number for each message: its sequence number, with reportMine if it is for the node.
const reportMine = 1 << 63

func appendReport(b []byte, s Stream, numbers []uint64) []byte {
	b = appendStream(append(b, kindReport), s)
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

func parseReport(b []byte) (s Stream, numbers []uint64, ok bool) {
	if len(b) < 1+streamSize || (len(b)-1-streamSize)%8 != 0 {
		return s, nil, false
	}
	for rest := b[1+streamSize:]; len(rest) > 0; rest = rest[8:] {
		numbers = append(numbers, binary.BigEndian.Uint64(rest))
	}
	return streamAt(b[1:]), numbers, true
}
