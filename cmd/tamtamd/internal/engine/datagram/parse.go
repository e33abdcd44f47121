// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"encoding/binary"
	"hash/adler32"
	"net/netip"
)

// Fault is why bytes are not a datagram that may be let in. The empty Fault is
// none. Its text is the name under which it is counted.
type Fault string

// What Parse and Broadcast find.
const (
	FaultSize            Fault = "size"             // under HeaderSize or over MaxSize
	FaultChecksum        Fault = "checksum"         // not the Adler-32 of the rest
	FaultSenderPort      Fault = "sender_port"      // 0, which Smudge takes for its own
	FaultEntryCount      Fault = "entry_count"      // more entries than bytes
	FaultTarget          Fault = "target"           // a PingReq without, or a target in another
	FaultStatus          Fault = "status"           // none that a node can have
	FaultEntryAddress    Fault = "entry_address"    // none that a node can have
	FaultBroadcastLength Fault = "broadcast_length" // not exactly the bytes that are left
	FaultBroadcastOrigin Fault = "broadcast_origin" // none that a node can have
	FaultBroadcastSize   Fault = "broadcast_size"   // over the limit of this node
)

// Parse checks b against all that Smudge takes for granted, so that what passes
// can neither crash it nor make it list an address that no node can have. The
// broadcast is only checked for its length here; see Broadcast.
//
// Smudge panics on, or reads past, what violates these rules, in goroutines that
// nobody can recover: each of them is a crash that was seen.
func Parse(b []byte, f Family) (Datagram, Fault) {
	if len(b) < HeaderSize || len(b) > MaxSize {
		return Datagram{}, FaultSize
	}
	if binary.LittleEndian.Uint32(b) != adler32.Checksum(b[4:]) {
		return Datagram{}, FaultChecksum
	}
	d := Datagram{b: b, family: f, entries: int(b[4] >> 2)}
	if d.Port() == 0 {
		return Datagram{}, FaultSenderPort
	}
	end := d.entriesEnd()
	if len(b) < end {
		return Datagram{}, FaultEntryCount
	}
	if d.Verb() == PingReq && d.entries == 0 {
		return Datagram{}, FaultTarget
	}
	for i := range d.entries {
		e := d.Entry(i)
		switch {
		case d.IsTarget(i) != (e.Status == forwardTo):
			return Datagram{}, FaultTarget
		case e.Status < Alive || e.Status > forwardTo:
			return Datagram{}, FaultStatus
		case !IsNodeAddr(e.Addr, f):
			return Datagram{}, FaultEntryAddress
		}
	}
	if rest := len(b) - end; rest > 0 {
		head := f.broadcastHeaderSize()
		if rest < head || int(binary.LittleEndian.Uint16(b[end+head-2:])) != rest-head {
			return Datagram{}, FaultBroadcastLength
		}
	}
	return d, ""
}

// IsNodeAddr tells whether a node of the family can have the address.
func IsNodeAddr(a netip.AddrPort, f Family) bool {
	ip := a.Addr()
	return a.Port() != 0 && f.Has(ip) && !ip.IsUnspecified() && !ip.IsMulticast() &&
		ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// Broadcast is a message for everybody that rides on a datagram.
type Broadcast struct {
	Origin  netip.AddrPort
	Index   uint32 // grows by one with each broadcast of the origin
	Payload []byte // shares the bytes of the datagram
}

// Broadcast returns the broadcast that rides on the datagram, if there is one
// that is whole, has an origin, and carries at most limit bytes. A Fault here is
// no reason to drop the datagram: Smudge does, its acknowledgement included, and
// nodes with different limits take each other for dead.
func (d Datagram) Broadcast(limit int) (b Broadcast, ok bool, fault Fault) {
	rest := d.b[d.entriesEnd():]
	if len(rest) == 0 {
		return Broadcast{}, false, ""
	}
	n := int(d.family)
	b = Broadcast{
		Origin:  addrPort(rest, d.family),
		Index:   binary.LittleEndian.Uint32(rest[n+2:]),
		Payload: rest[n+8:],
	}
	// Smudge takes an origin whose first byte is 0 for none. ::1 is one of
	// those and real to us: the broadcast is never given to Smudge.
	zero := rest[0] == 0 && !b.Origin.Addr().IsLoopback()
	if zero || !IsNodeAddr(b.Origin, d.family) {
		return Broadcast{}, false, FaultBroadcastOrigin
	}
	if len(b.Payload) > limit {
		return Broadcast{}, false, FaultBroadcastSize
	}
	return b, true, ""
}
