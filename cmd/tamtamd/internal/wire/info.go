// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
)

// Bounds of the texts in an Info, in bytes.
const (
	MaxCluster = 255
	MaxProfile = 800
)

// Info is what a node says of itself.
type Info struct {
	// Addr is the address it advertises: who it is.
	Addr    netip.AddrPort
	Cluster string // at most MaxCluster bytes
	// Profile is what it says beside: opaque, at most MaxProfile bytes.
	Profile string
}

// In a payload:
//
//	tag 8 · nonce 8 · number 8 · answers 8 · address 18 ·
//	length 1 and cluster · length 2 and profile. What follows is of a later version and
//	left alone.
const infoFixed = 4*8 + addrSize

// opening is what an info says of the session that it opens.
type opening struct {
	tag     uint64 // to be used by the receiver
	nonce   uint64 // of the hello that the cookie, now the frame's tag, was the answer to
	number  uint64 // grows with each opening of the sender's, with whomever
	answers uint64 // the receiver's opening that made the sender open; 0 for none
}

func appendInfo(dst []byte, o opening, i Info) []byte {
	for _, v := range []uint64{o.tag, o.nonce, o.number, o.answers} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	dst = appendAddr(dst, i.Addr)
	dst = append(append(dst, byte(len(i.Cluster))), i.Cluster...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(i.Profile)))
	return append(dst, i.Profile...)
}

func parseInfo(b []byte) (o opening, i Info, ok bool) {
	if len(b) < infoFixed+1 {
		return o, i, false
	}
	for j, p := range []*uint64{&o.tag, &o.nonce, &o.number, &o.answers} {
		*p = binary.BigEndian.Uint64(b[8*j:])
	}
	i.Addr = addrAt(b[32:])
	n := int(b[infoFixed])
	if b = b[infoFixed+1:]; len(b) < n+2 {
		return o, i, false
	}
	i.Cluster, b = string(b[:n]), b[n:]
	n = int(binary.BigEndian.Uint16(b))
	if b = b[2:]; n > MaxProfile || len(b) < n {
		return o, i, false
	}
	i.Profile = string(b[:n])
	return o, i, o.number != 0 && i.Addr.Port() != 0
}
