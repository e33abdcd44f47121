// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// Bounds of the texts in an Info, in bytes.
const (
	MaxName    = 128
	MaxCluster = 255
	maxVersion = 64
	MaxTags    = tags.MaxEncoded
)

// Info is what a node says of itself in a handshake. Its texts have at most MaxName,
// MaxCluster, maxVersion and MaxTags bytes; a longer version is cut. Its session is that
// of the frame, not in the payload.
type Info = member.Identity

// In a payload:
//
//	tag 8 · nonce 8 · number 8 · answers 8 · address 18 · max payload 2 ·
//	then length 1 and text: name, cluster, version; length 2 and tags. What follows is of
//	a later version and left alone, and tags may be missing.
const infoFixed = 4*8 + addrSize + 2

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
	dst = binary.BigEndian.AppendUint16(dst, uint16(i.MaxPayload))
	for _, s := range []string{i.Name, i.Cluster, cut(i.Version, maxVersion)} {
		dst = append(append(dst, byte(len(s))), s...)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(i.Tags)))
	return append(dst, i.Tags...)
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

func parseInfo(b []byte) (o opening, i Info, ok bool) {
	if len(b) < infoFixed {
		return o, i, false
	}
	for j, p := range []*uint64{&o.tag, &o.nonce, &o.number, &o.answers} {
		*p = binary.BigEndian.Uint64(b[8*j:])
	}
	i.Addr = addrAt(b[32:])
	i.MaxPayload = int(binary.BigEndian.Uint16(b[32+addrSize:]))
	b = b[infoFixed:]
	for _, s := range []struct {
		p   *string
		max int
	}{{&i.Name, MaxName}, {&i.Cluster, MaxCluster}, {&i.Version, maxVersion}} {
		if len(b) == 0 || int(b[0]) > s.max || len(b) < 1+int(b[0]) {
			return o, i, false
		}
		*s.p = string(b[1 : 1+b[0]])
		if !printable(*s.p) {
			return o, i, false
		}
		b = b[1+len(*s.p):]
	}
	if len(b) >= 2 {
		n := int(binary.BigEndian.Uint16(b))
		if n > MaxTags || len(b) < 2+n {
			return o, i, false
		}
		i.Tags = string(b[2 : 2+n])
	}
	return o, i, o.number != 0 && i.Addr.Port() != 0
}

// printable tells whether a text may go to a terminal and a log.
func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
