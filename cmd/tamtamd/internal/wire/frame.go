// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
)

const (
	// MaxFrame is the largest frame in bytes. Any path carries it unfragmented:
	// RFC 8200 asks for 1,280 with the headers of IPv6 and UDP.
	MaxFrame = 1200

	magic      = 0xFFFF
	version    = 1
	headerSize = 29
	ackSize    = 4

	kindAt    = 3 // in the header
	sessionAt = 4
	counterAt = 20

	// MaxData is the most bytes that a frame of a channel carries beside one
	// acknowledgement.
	MaxData = MaxFrame - headerSize - sealSize - ackSize

	maxAcks = 32
)

// kind is what a frame is: the wire's own below kindData, else something on a channel.
type kind byte

const (
	kindHello kind = iota + 1
	kindWelcome
	kindRefuse
	kindInfo
	kindProfile
	kindAck
	kindAnnounce
	// kindData is what a channel carries, sent until it is acknowledged. The channel is
	// in the four lower bits.
	kindData kind = 0x10
	// kindAckData is the same, but rides with an acknowledgement: it is sent again when
	// the frame that it acknowledges comes again, and is itself not acknowledged.
	kindAckData kind = 0x20

	channelBits = MaxChannels - 1
)

// kindNames are those that frames are counted by. Those of kindData are counted by channel.
var kindNames = [...]string{
	kindHello: "hello", kindWelcome: "welcome", kindRefuse: "refuse", kindInfo: "info", kindProfile: "profile",
	kindAck: "ack", kindAnnounce: "announce", kindAckData: "reply",
}

// acknowledged reports whether a frame of the kind is sent until it is.
func (k kind) acknowledged() bool { return k == kindInfo || k == kindProfile || k == kindData }

// known reports whether the kind, without a channel, is one of those above.
func (k kind) known() bool {
	return k >= kindHello && k <= kindAnnounce || k == kindData || k == kindAckData
}

// frame is a parsed frame. It shares the bytes it was made from.
type frame struct {
	kind                  kind
	channel               Channel // of kindData and kindAckData
	session, tag, counter uint64
	acks                  []byte
	payload               []byte
}

// IsFrame tells whether a packet means to be a frame. A Smudge datagram never
// does.
func IsFrame(b []byte) bool { return len(b) >= 2 && binary.BigEndian.Uint16(b) == magic }

// parse reads a frame. It returns false when it is none.
func parse(b []byte) (frame, bool) {
	if len(b) < headerSize || len(b) > MaxFrame || !IsFrame(b) || b[2] != version {
		return frame{}, false
	}
	f := frame{
		kind: kind(b[kindAt]), channel: Channel(b[kindAt] & channelBits),
		session: binary.BigEndian.Uint64(b[sessionAt:]),
		tag:     binary.BigEndian.Uint64(b[12:]),
		counter: binary.BigEndian.Uint64(b[counterAt:]),
	}
	acks := int(b[28]) * ackSize
	if f.kind >= kindData {
		f.kind &^= channelBits
	} else {
		f.channel = 0
	}
	if !f.kind.known() || f.session == 0 || int(b[28]) > maxAcks || len(b) < headerSize+acks {
		return frame{}, false
	}
	f.acks = b[headerSize : headerSize+acks]
	f.payload = b[headerSize+acks:]
	return f, true
}

// eachAck calls do for each acknowledgement.
func (f frame) eachAck(do func(uint32)) {
	for b := f.acks; len(b) > 0; b = b[ackSize:] {
		do(binary.BigEndian.Uint32(b))
	}
}

func appendHeader(dst []byte, k kind, ch Channel, session, tag, counter uint64, acks []uint32) []byte {
	dst = binary.BigEndian.AppendUint16(dst, magic)
	dst = append(dst, version, byte(k)|byte(ch))
	dst = binary.BigEndian.AppendUint64(dst, session)
	dst = binary.BigEndian.AppendUint64(dst, tag)
	dst = binary.BigEndian.AppendUint64(dst, counter)
	dst = append(dst, byte(len(acks)))
	for _, a := range acks {
		dst = binary.BigEndian.AppendUint32(dst, a)
	}
	return dst
}

// addrSize is the size of an address in a payload: an IPv6 address, or an IPv4
// one mapped into it, and a port.
const addrSize = 18

func appendAddr(dst []byte, a netip.AddrPort) []byte {
	ip := a.Addr().As16()
	dst = append(dst, ip[:]...)
	return binary.BigEndian.AppendUint16(dst, a.Port())
}

func addrAt(b []byte) netip.AddrPort {
	ip := netip.AddrFrom16([16]byte(b)).Unmap()
	return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[16:]))
}
