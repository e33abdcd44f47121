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
//	length 1 and cluster · length 2 and profile · extensions
//
// An extension is: kind 1 · length 1 and value. Unknown ones are of a later version, and
// ignored; a node of an earlier one ignores them all.
const infoFixed = 4*8 + frame.AddrSize

// The kinds of extensions.
const (
	shareExtension = 1 // has a share
	shortExtension = 2 // has no value: the node understands short headers
	renewExtension = 3 // has no value: the node renews pairs
	// spareExtension has one byte, 0 or 1. The node takes infos that need no acknowledgement; 1: this
	// one needs none.
	spareExtension = 4
)

// opening is what an info says about the session that it opens.
type opening struct {
	id      uint64 // the connection ID that the receiver has to use
	nonce   uint64 // of the hello that the cookie, now the frame's connection ID, answered
	number  uint64 // grows with each session that the sender opens, with any node
	answers uint64 // the receiver's opening that made the sender open; 0 for none
	share   string // of the sender's session, for a Pair; empty for none
	short   bool   // the sender understands short headers; appendInfo says so always
	renews  bool   // the sender renews pairs; likewise, with a share
	spares  bool   // the sender takes infos that need no acknowledgement; likewise
	spared  bool   // this info needs none: it is the answer to one that is retransmitted until it comes
}

func appendInfo(dst []byte, o opening, i Info) []byte {
	for _, v := range []uint64{o.id, o.nonce, o.number, o.answers} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	dst = frame.AppendAddr(dst, i.Addr)
	dst = append(append(dst, byte(len(i.Cluster))), i.Cluster...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(i.Profile)))
	dst = append(dst, i.Profile...)
	if len(o.share) > 0 {
		dst = append(append(dst, shareExtension, byte(len(o.share))), o.share...)
		dst = append(dst, renewExtension, 0)
	}
	spared := byte(0)
	if o.spared {
		spared = 1
	}
	return append(dst, spareExtension, 1, spared, shortExtension, 0)
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
	share, _ := extension(b[n:], shareExtension)
	o.share = string(share)
	_, o.short = extension(b[n:], shortExtension)
	_, o.renews = extension(b[n:], renewExtension)
	spare, spares := extension(b[n:], spareExtension)
	o.spares, o.spared = spares, len(spare) == 1 && spare[0] == 1
	return o, i, o.number != 0 && i.Addr.Port() != 0
}

// extension returns the value of the first extension of a kind; false for none.
func extension(b []byte, kind byte) (value []byte, ok bool) {
	for len(b) >= 2 && len(b) >= 2+int(b[1]) {
		end := 2 + int(b[1])
		if b[0] == kind {
			return b[2:end], true
		}
		b = b[end:]
	}
	return nil, false
}
