// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"encoding/binary"
	"hash/adler32"
	"net/netip"
)

// Fault is the reason why bytes are not an acceptable datagram. The empty Fault is none.
// Its text is a part of the name of a counter.
type Fault string

// The faults that Parse and Broadcast find.
const (
	FaultSize            Fault = "size"             // under HeaderSize or over MaxSize
	FaultChecksum        Fault = "checksum"         // not the Adler-32 of the rest
	FaultSenderPort      Fault = "sender_port"      // 0, for which Smudge takes its own port
	FaultEntryCount      Fault = "entry_count"      // more entries than bytes
	FaultTarget          Fault = "target"           // a PingReq without a target, or another verb with one
	FaultStatus          Fault = "status"           // not a status
	FaultEntryAddress    Fault = "entry_address"    // no node can have it
	FaultBroadcastLength Fault = "broadcast_length" // not the number of bytes left
	FaultBroadcastOrigin Fault = "broadcast_origin" // no node can have it
	FaultBroadcastSize   Fault = "broadcast_size"   // over the limit of this node
)

// Faults are all faults of a datagram.
var Faults = []Fault{
	FaultSize, FaultChecksum, FaultSenderPort, FaultEntryCount, FaultTarget, FaultStatus, FaultEntryAddress,
	FaultBroadcastLength, FaultBroadcastOrigin, FaultBroadcastSize,
}

// Parse checks all that Smudge assumes of a datagram. An accepted one can neither crash
// Smudge nor make it list an address that no node can have. Of the broadcast it checks
// only the length; see Broadcast.
//
// Smudge panics or reads out of bounds when one of these rules is broken, in goroutines
// of its own, where no caller can recover. Each rule stands for a crash that was observed.
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

// IsNodeAddr reports whether a node of the family can have the address and port.
func IsNodeAddr(a netip.AddrPort, f Family) bool {
	ip := a.Addr()
	return a.Port() != 0 && f.Has(ip) && !ip.IsUnspecified() && !ip.IsMulticast() &&
		ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// Broadcast is a message to all nodes at the end of a datagram.
type Broadcast struct {
	Origin  netip.AddrPort
	Index   uint32 // grows by one with each broadcast of the origin
	Payload []byte // shares the bytes of the datagram
}

// Broadcast returns the broadcast of the datagram, if it has one with a valid origin and
// at most limit bytes. A Fault here is no reason to drop the datagram. Smudge does drop
// it, with the acknowledgement, so that nodes with different limits declare each other
// dead.
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
	// To Smudge an origin whose first byte is 0 is none. Here ::1 is valid, since
	// broadcasts are never passed to Smudge.
	zero := rest[0] == 0 && !b.Origin.Addr().IsLoopback()
	if zero || !IsNodeAddr(b.Origin, d.family) {
		return Broadcast{}, false, FaultBroadcastOrigin
	}
	if len(b.Payload) > limit {
		return Broadcast{}, false, FaultBroadcastSize
	}
	return b, true, ""
}
