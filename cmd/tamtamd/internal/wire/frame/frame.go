// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package frame has the bytes of the wire's frames: their layout, and how they are
// encrypted. It knows no sessions.
//
// Sizes are bytes, integers big-endian. A frame takes at most MaxSize bytes, so it is
// never fragmented.
//
//	0     2   3    4        12            20       28 29
//	┌─────┬───┬────┬────────┬─────────────┬────────┬─┬──────────┬─────────┐
//	│FF FF│ver│kind│session │connection ID│counter │n│ n acks×4 │ payload │
//	└─────┴───┴────┴────────┴─────────────┴────────┴─┴──────────┴─────────┘
//	FF FF    no Smudge datagram begins like this: its first two bytes are the lower half
//	         of an Adler-32, which is under 65,521 = 0xFFF1 (RFC 1950)
//	ver      1; a frame of an open session has a shorter header on its way: see Shorten
//	kind     bit 7: the frame is encrypted; bits 4 to 6: 0 for a frame of the wire's own,
//	         1 for data, 2 for data that rides with an acknowledgement; bits 0 to 3: the
//	         kind of the wire's own, else the channel
//	acks     the lower halves of the counters of frames that arrived
package frame

import (
	"encoding/binary"
	"net/netip"

	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// MaxSize is the largest frame in bytes. Any path carries it unfragmented:
	// RFC 8200 asks for 1,280 with the headers of IPv6 and UDP.
	MaxSize = limits.Frame
	// HeaderSize is the size of what comes before the acknowledgements.
	HeaderSize = limits.FrameHeader
	// AckSize is the size of an acknowledgement.
	AckSize = limits.FrameAck
	// MaxAcks is how many acknowledgements a frame has at most.
	MaxAcks = 32
	// MaxChannels is how many channels there can be.
	MaxChannels = 16

	magic   = 0xFFFF
	version = 1

	versionAt    = 2 // in the header
	kindAt       = 3
	sessionAt    = 4
	connectionAt = 12
	counterAt    = 20
	acksAt       = 28

	channelBits = MaxChannels - 1
)

// Kind is what a frame is.
type Kind byte

// The kinds. Renew is the last of the wire's own.
const (
	Hello Kind = iota + 1
	Welcome
	Refuse
	Info
	Profile
	Ack
	Announce
	// Relay has a frame in it that the receiver passes on to another node, and Relayed one
	// that it has passed on. See AppendRelay.
	Relay
	Relayed
	// Renew has a share for the next Pair of an open session.
	Renew
	// Data is what a channel carries, sent until it is acknowledged.
	Data Kind = 0x10
	// AckData is the same, but rides with an acknowledgement: it is retransmitted when the
	// frame that it acknowledges comes again, and is itself not acknowledged.
	AckData Kind = 0x20
)

// Reliable reports whether a frame of the kind is sent until it is acknowledged.
func (k Kind) Reliable() bool { return k == Info || k == Profile || k == Renew || k == Data }

// HasChannel reports whether a frame of the kind is on a channel.
func (k Kind) HasChannel() bool { return k == Data || k == AckData }

func (k Kind) known() bool { return k >= Hello && k <= Renew || k.HasChannel() }

// Channel numbers what Data and AckData carry, from 0 to MaxChannels-1.
type Channel uint8

// Header is what a frame begins with, but for its acknowledgements.
type Header struct {
	Kind    Kind
	Channel Channel // 0 for a kind without one
	Session uint64  // never 0
	// Connection is the connection ID: the number that the receiver told this sender to
	// write here.
	Connection uint64
	Counter    uint64
}

// Append appends a header with acknowledgements, MaxAcks at most. The payload follows.
func (h Header) Append(dst []byte, acks []uint32) []byte {
	dst = binary.BigEndian.AppendUint16(dst, magic)
	dst = append(dst, version, byte(h.Kind)|byte(h.Channel))
	dst = binary.BigEndian.AppendUint64(dst, h.Session)
	dst = binary.BigEndian.AppendUint64(dst, h.Connection)
	dst = binary.BigEndian.AppendUint64(dst, h.Counter)
	dst = append(dst, byte(len(acks)))
	for _, a := range acks {
		dst = binary.BigEndian.AppendUint32(dst, a)
	}
	return dst
}

// Frame is a parsed frame. It shares the bytes it was made from.
type Frame struct {
	Header
	Payload []byte
	acks    []byte
}

// Acks calls do for each acknowledgement.
func (f Frame) Acks(do func(uint32)) {
	for b := f.acks; len(b) > 0; b = b[AckSize:] {
		do(binary.BigEndian.Uint32(b))
	}
}

// Is reports whether a packet means to be a frame. A Smudge datagram never does.
func Is(b []byte) bool { return len(b) >= 2 && binary.BigEndian.Uint16(b) == magic }

// HasKind reports whether a packet means to be a frame, and is long enough for KindOf.
func HasKind(b []byte) bool { return Is(b) && len(b) > kindAt }

// KindOf returns the kind and the channel of a frame, of which b has the header.
func KindOf(b []byte) (Kind, Channel) {
	k := b[kindAt] &^ sealed
	if k < byte(Data) {
		return Kind(k), 0
	}
	return Kind(k &^ channelBits), Channel(k & channelBits)
}

// HeaderOf returns the header of a frame, of which b has all of it. It is not checked.
func HeaderOf(b []byte) (h Header) {
	h.Kind, h.Channel = KindOf(b)
	h.Session = binary.BigEndian.Uint64(b[sessionAt:])
	h.Connection = binary.BigEndian.Uint64(b[connectionAt:])
	h.Counter = binary.BigEndian.Uint64(b[counterAt:])
	return h
}

// Parse reads a frame that is not encrypted. It returns false when it is none.
func Parse(b []byte) (Frame, bool) {
	if len(b) < HeaderSize || len(b) > MaxSize || !Is(b) || b[versionAt] != version || IsSealed(b) {
		return Frame{}, false
	}
	f := Frame{Header: HeaderOf(b)}
	n := int(b[acksAt])
	if !f.Kind.known() || f.Session == 0 || n > MaxAcks || len(b) < HeaderSize+n*AckSize {
		return Frame{}, false
	}
	f.acks, f.Payload = b[HeaderSize:HeaderSize+n*AckSize], b[HeaderSize+n*AckSize:]
	return f, true
}

// AddrSize is the size of an address in a payload: an IPv6 address, or an IPv4 one
// mapped into it, and a port.
const AddrSize = limits.FrameAddr

// AppendAddr appends an address.
func AppendAddr(dst []byte, a netip.AddrPort) []byte {
	ip := a.Addr().As16()
	dst = append(dst, ip[:]...)
	return binary.BigEndian.AppendUint16(dst, a.Port())
}

// Addr returns the address that b begins with. b has at least AddrSize bytes.
func Addr(b []byte) netip.AddrPort {
	ip := netip.AddrFrom16([16]byte(b)).Unmap()
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[16:]))
}
