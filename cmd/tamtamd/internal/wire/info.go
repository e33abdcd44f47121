// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// Bounds of the texts in an Info, in bytes.
const (
	MaxCluster = limits.MaxCluster
	MaxProfile = 800
)

// Info is what a node says about itself when it opens a session.
type Info struct {
	Addr    netip.AddrPort // the address that it advertises, and is known by
	Cluster string         // at most MaxCluster bytes
	// Profile is anything else that the node says about itself, at most MaxProfile bytes.
	// The wire does not interpret it.
	Profile string
}

// In a payload:
//
//	connection ID 8 · nonce 8 · number 8 · answers 8 · address 18 ·
//	length 1 and cluster · length 2 and profile. What follows is of a later version, and
//	ignored.
const infoFixed = 4*8 + frame.AddrSize

// opening is what an info says about the session that it opens.
type opening struct {
	id      uint64 // the connection ID that the receiver has to use
	nonce   uint64 // of the hello that the cookie, now the frame's connection ID, answered
	number  uint64 // grows with each session that the sender opens, with any node
	answers uint64 // the receiver's opening that made the sender open; 0 for none
}

func appendInfo(dst []byte, o opening, i Info) []byte {
	for _, v := range []uint64{o.id, o.nonce, o.number, o.answers} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	dst = frame.AppendAddr(dst, i.Addr)
	dst = append(append(dst, byte(len(i.Cluster))), i.Cluster...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(i.Profile)))
	return append(dst, i.Profile...)
}

func parseInfo(b []byte) (o opening, i Info, ok bool) {
	if len(b) < infoFixed+1 {
		return o, i, false
	}
	for j, p := range []*uint64{&o.id, &o.nonce, &o.number, &o.answers} {
		*p = binary.BigEndian.Uint64(b[8*j:])
	}
	i.Addr = frame.Addr(b[32:])
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
