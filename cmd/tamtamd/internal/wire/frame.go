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

	// MaxDatagram is the largest datagram in bytes that a frame carries beside
	// one acknowledgement.
	MaxDatagram = MaxFrame - headerSize - sealSize - ackSize

	// MaxMessage is the same for what SendMessage carries.
	MaxMessage = MaxDatagram

	maxAcks = 32
)

type kind byte

const (
	kindHello kind = iota + 1
	kindWelcome
	kindRefuse
	kindInfo
	kindData
	kindReply
	kindMembers
	kindGoodbye
	kindRemove
	kindAck
	kindMessage
	kindAsk
	kindAnswer
	kindTags
	kindAnnounce
)

var kindNames = [...]string{
	kindHello: "hello", kindWelcome: "welcome", kindRefuse: "refuse", kindInfo: "info", kindData: "data",
	kindReply: "reply", kindMembers: "members", kindGoodbye: "goodbye", kindRemove: "remove", kindAck: "ack",
	kindMessage: "message", kindAsk: "ask", kindAnswer: "answer", kindTags: "tags",
	kindAnnounce: "announce",
}

// acknowledged tells whether a frame of the kind is sent until it is.
func (k kind) acknowledged() bool {
	switch k {
	case kindInfo, kindData, kindMembers, kindGoodbye, kindRemove, kindMessage, kindAsk, kindAnswer, kindTags:
		return true
	}
	return false
}

// frame is a parsed frame. It shares the bytes it was made from.
type frame struct {
	kind                  kind
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
		kind:    kind(b[kindAt]),
		session: binary.BigEndian.Uint64(b[sessionAt:]),
		tag:     binary.BigEndian.Uint64(b[12:]),
		counter: binary.BigEndian.Uint64(b[counterAt:]),
	}
	acks := int(b[28]) * ackSize
	if f.kind < kindHello || f.kind > kindAnnounce || f.session == 0 || int(b[28]) > maxAcks || len(b) < headerSize+acks {
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

func appendHeader(dst []byte, k kind, session, tag, counter uint64, acks []uint32) []byte {
	dst = binary.BigEndian.AppendUint16(dst, magic)
	dst = append(dst, version, byte(k))
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
