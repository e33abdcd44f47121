// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package datagram parses, checks and rewrites Smudge datagrams. It holds no state, does
// no IO and does not use the Smudge library.
//
// All integers are little-endian. An IP takes 4 bytes in an IPv4 cluster and 16 in an
// IPv6 one; a datagram itself does not show which.
//
//	 0      4   5     7         11
//	┌──────┬───┬─────┬─────────┬─────────┬─┬─────────┬───────────┐
//	│adler │n v│port │heartbeat│ entry 0 │…│entry n-1│ broadcast │
//	└──────┴───┴─────┴─────────┴─────────┴─┴─────────┴───────────┘
//	adler      Adler-32 of all that follows it
//	n v        number of entries in the upper six bits, verb in the lower two
//	port       the port at which the sender listens; together with the source IP of
//	           the UDP packet it names the sender
//	heartbeat  the sender's clock; an ACK returns the clock of its PING
//
//	entry      status 1 · IP · port 2 · heartbeat 4 · source IP · source port 2
//	broadcast  origin IP · port 2 · index 4 · length 2 · payload; may be absent
package datagram

import (
	"encoding/binary"
	"net/netip"
)

// MaxSize is the size in bytes of the largest datagram that is sent or accepted. Smudge
// reads into a buffer of this size; a longer one is cut off and fails its checksum.
const MaxSize = 2048

// HeaderSize is the size in bytes of the smallest datagram, which has no entries and no
// broadcast.
const HeaderSize = 11

// Family is the number of bytes that an IP takes in a datagram.
type Family int

// The two families. All nodes of a cluster have the same one.
const (
	IPv4 Family = 4
	IPv6 Family = 16
)

// FamilyOf returns the family of a cluster whose nodes have addresses like ip.
func FamilyOf(ip netip.Addr) Family {
	if ip.Unmap().Is4() {
		return IPv4
	}
	return IPv6
}

// Has reports whether a node of the family can have the IP.
func (f Family) Has(ip netip.Addr) bool {
	if f == IPv4 {
		return ip.Is4()
	}
	return ip.Is6() && !ip.Is4In6() && ip.Zone() == ""
}

func (f Family) entrySize() int           { return 9 + 2*int(f) }
func (f Family) broadcastHeaderSize() int { return broadcastFixed + int(f) }

// broadcastFixed is what the header of a broadcast takes beside an IP: port 2, index 4,
// length 2.
const broadcastFixed = 8

// Verb is what a datagram asks for.
type Verb uint8

// The verbs.
const (
	Ping    Verb = 0 // answer with an Ack
	Ack     Verb = 1 // the answer to a Ping or NFPing of the same heartbeat
	PingReq Verb = 2 // ping the first entry for me
	NFPing  Verb = 3 // a Ping on another node's behalf, which must not be passed on
)

// Status is the status of a node in an entry.
type Status uint8

// The statuses of an entry.
const (
	Alive     Status = 1
	Suspected Status = 2
	Dead      Status = 3
	forwardTo Status = 4 // the first entry of a PingReq: the node to ping
)

// Entry is the news of one node in a datagram.
type Entry struct {
	Status    Status
	Addr      netip.AddrPort
	Heartbeat uint32         // the node's clock when it took the status
	Source    netip.AddrPort // the reporter; the zero AddrPort if unknown
}

// Datagram is a datagram that Parse has checked. It shares the bytes given to Parse.
type Datagram struct {
	b       []byte
	family  Family
	entries int
}

// Verb returns what the datagram asks for.
func (d Datagram) Verb() Verb { return Verb(d.b[4] & 3) }

// Port returns the port at which the sender listens. It is never 0.
func (d Datagram) Port() uint16 { return binary.LittleEndian.Uint16(d.b[5:]) }

// Heartbeat returns the sender's clock or, in an Ack, the clock of the answered Ping.
func (d Datagram) Heartbeat() uint32 { return binary.LittleEndian.Uint32(d.b[7:]) }

// Bytes returns the bytes of the datagram. The caller must not change them.
func (d Datagram) Bytes() []byte { return d.b }

// Len returns the number of entries.
func (d Datagram) Len() int { return d.entries }

// Entry returns entry i, 0 ≤ i < Len.
func (d Datagram) Entry(i int) Entry {
	n := int(d.family)
	b := d.b[HeaderSize+i*d.family.entrySize():]
	return Entry{
		Status:    Status(b[0]),
		Addr:      addrPort(b[1:], d.family),
		Heartbeat: binary.LittleEndian.Uint32(b[3+n:]),
		Source:    sourceAddr(b[7+n:], d.family),
	}
}

// IsTarget reports whether entry i is not news, but the node to ping for a PingReq.
func (d Datagram) IsTarget(i int) bool { return i == 0 && d.Verb() == PingReq }

func (d Datagram) entriesEnd() int { return HeaderSize + d.entries*d.family.entrySize() }

func addrPort(b []byte, f Family) netip.AddrPort {
	port := binary.LittleEndian.Uint16(b[f:])
	if f == IPv4 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b)), port)
	}
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b)), port)
}

// sourceAddr is addrPort for a field in which Smudge writes zeros for "none".
func sourceAddr(b []byte, f Family) netip.AddrPort {
	a := addrPort(b, f)
	if a.Addr().IsUnspecified() || a.Port() == 0 {
		return netip.AddrPort{}
	}
	return a
}
