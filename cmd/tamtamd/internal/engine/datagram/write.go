// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"encoding/binary"
	"hash/adler32"
	"net/netip"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// MaxPayload is the size in bytes of the largest payload for AppendBroadcast. With it, the
// datagram fills a frame in an IPv6 cluster.
const MaxPayload = limits.FrameData - HeaderSize - (broadcastFixed + int(IPv6))

// A Mapper translates entries between real and virtual addresses.
type Mapper interface {
	// MapEntry returns the translated entry, or false to drop it.
	MapEntry(Entry) (Entry, bool)
}

// AppendRewritten appends to dst the datagram with the given port as the sender's, the
// entries as m translates them, in family f, and a new checksum. It drops the broadcast.
// It returns false, and appends nothing, if m drops the target of a PingReq: the rest has
// no meaning, and would crash Smudge.
func (d Datagram) AppendRewritten(dst []byte, f Family, port uint16, m Mapper) ([]byte, bool) {
	start := len(dst)
	dst = appendHeader(dst, d.Verb(), port, d.Heartbeat())
	kept := 0
	for i := range d.entries {
		e, ok := m.MapEntry(d.Entry(i))
		if !ok && d.IsTarget(i) {
			return dst[:start], false
		}
		if ok {
			dst = appendEntry(dst, f, e)
			kept++
		}
	}
	dst[start+4] |= byte(kept) << 2
	return sum(dst, start), true
}

// AppendBare appends a datagram of HeaderSize bytes, without entries and broadcast. The
// verb must not be PingReq, which needs a target.
func AppendBare(dst []byte, v Verb, port uint16, heartbeat uint32) []byte {
	start := len(dst)
	return sum(appendHeader(dst, v, port, heartbeat), start)
}

// AppendBroadcast appends a datagram that carries only b. It is an Ack that answers no
// ping: Smudge takes the broadcast and ignores the rest.
func AppendBroadcast(dst []byte, f Family, port uint16, b Broadcast) []byte {
	start := len(dst)
	dst = appendHeader(dst, Ack, port, 0)
	dst = appendAddr(dst, f, b.Origin)
	dst = binary.LittleEndian.AppendUint32(dst, b.Index)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(b.Payload)))
	dst = append(dst, b.Payload...)
	return sum(dst, start)
}

func appendHeader(dst []byte, v Verb, port uint16, heartbeat uint32) []byte {
	dst = append(dst, 0, 0, 0, 0, byte(v))
	dst = binary.LittleEndian.AppendUint16(dst, port)
	return binary.LittleEndian.AppendUint32(dst, heartbeat)
}

func appendEntry(dst []byte, f Family, e Entry) []byte {
	dst = append(dst, byte(e.Status))
	dst = appendAddr(dst, f, e.Addr)
	dst = binary.LittleEndian.AppendUint32(dst, e.Heartbeat)
	return appendAddr(dst, f, e.Source)
}

// appendAddr writes zeros for the zero AddrPort.
func appendAddr(dst []byte, f Family, a netip.AddrPort) []byte {
	ip := [16]byte{}
	if a.IsValid() {
		ip = a.Addr().As16() // an IPv4 address is in the last four bytes
	}
	if f == IPv4 {
		dst = append(dst, ip[12:]...)
	} else {
		dst = append(dst, ip[:]...)
	}
	return binary.LittleEndian.AppendUint16(dst, a.Port())
}

// sum writes the checksum of the datagram that begins at start.
func sum(dst []byte, start int) []byte {
	binary.LittleEndian.PutUint32(dst[start:], adler32.Checksum(dst[start+4:]))
	return dst
}

// Compose makes a datagram with at most 63 entries, for tests: the daemon itself only
// rewrites Smudge's datagrams. The first entry of a PingReq must be a Target.
func Compose(f Family, v Verb, port uint16, heartbeat uint32, entries []Entry) []byte {
	b := appendHeader(nil, v, port, heartbeat)
	b[4] |= byte(len(entries)) << 2
	for _, e := range entries {
		b = appendEntry(b, f, e)
	}
	return sum(b, 0)
}

// Target returns the entry that names the node to ping in a PingReq.
func Target(a netip.AddrPort, heartbeat uint32) Entry {
	return Entry{Status: forwardTo, Addr: a, Heartbeat: heartbeat}
}
