// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"net/netip"
	"testing"
)

// sealed returns b with a right checksum in its first four bytes.
func sealed(b []byte) []byte {
	b = bytes.Clone(b)
	if len(b) >= 4 {
		binary.LittleEndian.PutUint32(b, adler32.Checksum(b[4:]))
	}
	return b
}

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// build makes a datagram with entries, and with a broadcast if it has an origin.
func build(f Family, v Verb, port uint16, heartbeat uint32, entries []Entry, bc Broadcast) []byte {
	b := appendHeader(nil, v, port, heartbeat)
	b[4] |= byte(len(entries)) << 2
	for _, e := range entries {
		b = appendEntry(b, f, e)
	}
	if bc.Origin.IsValid() {
		b = appendAddr(b, f, bc.Origin)
		b = binary.LittleEndian.AppendUint32(b, bc.Index)
		b = binary.LittleEndian.AppendUint16(b, uint16(len(bc.Payload)))
		b = append(b, bc.Payload...)
	}
	return sum(b, 0)
}

var (
	entry4 = Entry{Suspected, addr("192.0.2.7:9999"), 41, addr("192.0.2.8:9998")}
	entry6 = Entry{Dead, addr("[2001:db8::7]:9999"), 42, netip.AddrPort{}}
	bcast4 = Broadcast{addr("192.0.2.9:7"), 3, []byte("hello")}
	bcast6 = Broadcast{addr("[2001:db8::9]:7"), 3, nil}
)

// TestGolden holds the format against bytes written out by hand.
func TestGolden(t *testing.T) {
	b := []byte{
		0x58, 0x05, 0x4f, 0x58, // Adler-32, little-endian
		1<<2 | 1,   // one entry, ACK
		0x0f, 0x27, // port 9999
		5, 0, 0, 0, // heartbeat
		2, 192, 0, 2, 7, 0x0f, 0x27, 41, 0, 0, 0, 192, 0, 2, 8, 0x0e, 0x27, // entry
		192, 0, 2, 9, 7, 0, 3, 0, 0, 0, 5, 0, 'h', 'e', 'l', 'l', 'o', // broadcast
	}
	if got := build(IPv4, Ack, 9999, 5, []Entry{entry4}, bcast4); !bytes.Equal(got, b) {
		t.Fatalf("built %x, want %x", got, b)
	}
	d, fault := Parse(b, IPv4)
	if fault != "" {
		t.Fatalf("fault %q", fault)
	}
	if d.Verb() != Ack || d.Port() != 9999 || d.Heartbeat() != 5 || d.Len() != 1 || d.Entry(0) != entry4 {
		t.Errorf("parsed verb %d, port %d, heartbeat %d, %d entries", d.Verb(), d.Port(), d.Heartbeat(), d.Len())
	}
	bc, ok, fault := d.Broadcast(5)
	if !ok || fault != "" || bc.Origin != bcast4.Origin || bc.Index != 3 || string(bc.Payload) != "hello" {
		t.Errorf("broadcast %v, %v, %q", bc, ok, fault)
	}
}

func TestParseRefuses(t *testing.T) {
	target := Entry{forwardTo, addr("192.0.2.7:9999"), 1, netip.AddrPort{}}
	with := func(e Entry, change func(*Entry)) []Entry { change(&e); return []Entry{e} }
	whole := build(IPv4, Ping, 1, 1, []Entry{entry4}, bcast4)
	short := func(n int) []byte { return sealed(whole[:n]) }
	for _, c := range []struct {
		name string
		b    []byte
		f    Family
		want Fault
	}{
		{"empty", nil, IPv4, FaultSize},
		{"three bytes", []byte{1, 2, 3}, IPv4, FaultSize},
		{"header cut", sealed(make([]byte, 10)), IPv4, FaultSize},
		{"too long", sealed(make([]byte, MaxSize+1)), IPv4, FaultSize},
		{"checksum", make([]byte, 11), IPv4, FaultChecksum},
		{"port 0", build(IPv4, Ping, 0, 1, nil, Broadcast{}), IPv4, FaultSenderPort},
		{"entries cut", short(11 + 16), IPv4, FaultEntryCount},
		{"63 entries in nothing", sealed([]byte{0, 0, 0, 0, 63 << 2, 1, 0, 1, 0, 0, 0}), IPv4, FaultEntryCount},
		{"IPv4 entry in IPv6", build(IPv4, Ping, 1, 1, []Entry{entry4}, Broadcast{}), IPv6, FaultEntryCount},
		{"PINGREQ for nobody", build(IPv4, PingReq, 1, 1, nil, Broadcast{}), IPv4, FaultTarget},
		{"PINGREQ without target", build(IPv4, PingReq, 1, 1, []Entry{entry4}, Broadcast{}), IPv4, FaultTarget},
		{"PINGREQ with two", build(IPv4, PingReq, 1, 1, []Entry{target, target}, Broadcast{}), IPv4, FaultTarget},
		{"target in a PING", build(IPv4, Ping, 1, 1, []Entry{target}, Broadcast{}), IPv4, FaultTarget},
		{"status 0", build(IPv4, Ping, 1, 1, with(entry4, func(e *Entry) { e.Status = 0 }), Broadcast{}), IPv4, FaultStatus},
		{"status 5", build(IPv4, Ping, 1, 1, with(entry4, func(e *Entry) { e.Status = 5 }), Broadcast{}), IPv4, FaultStatus},
		{"entry port 0", build(IPv4, Ping, 1, 1, with(entry4, func(e *Entry) { e.Addr = addr("192.0.2.7:0") }), Broadcast{}), IPv4, FaultEntryAddress},
		{"entry unspecified", build(IPv4, Ping, 1, 1, with(entry4, func(e *Entry) { e.Addr = addr("0.0.0.0:1") }), Broadcast{}), IPv4, FaultEntryAddress},
		{"entry multicast", build(IPv4, Ping, 1, 1, with(entry4, func(e *Entry) { e.Addr = addr("224.0.0.1:1") }), Broadcast{}), IPv4, FaultEntryAddress},
		{"entry broadcast", build(IPv4, Ping, 1, 1, with(entry4, func(e *Entry) { e.Addr = addr("255.255.255.255:1") }), Broadcast{}), IPv4, FaultEntryAddress},
		{"entry v4-mapped", build(IPv6, Ping, 1, 1, with(entry6, func(e *Entry) { e.Addr = addr("[::ffff:192.0.2.7]:1") }), Broadcast{}), IPv6, FaultEntryAddress},
		{"one byte of a broadcast", short(11 + 17 + 1), IPv4, FaultBroadcastLength},
		{"broadcast header cut", short(11 + 17 + 11), IPv4, FaultBroadcastLength},
		{"payload cut", short(len(whole) - 1), IPv4, FaultBroadcastLength},
		{"payload too long", sealed(append(bytes.Clone(whole), 0)), IPv4, FaultBroadcastLength},
	} {
		if _, got := Parse(c.b, c.f); got != c.want {
			t.Errorf("%s: fault %q, want %q", c.name, got, c.want)
		}
	}
}

func TestParseAccepts(t *testing.T) {
	target := Entry{forwardTo, addr("[2001:db8::7]:9999"), 1, netip.AddrPort{}}
	var many []Entry
	for range 40 {
		many = append(many, entry6)
	}
	for name, b := range map[string][]byte{
		"bare":           AppendBare(nil, Ping, 1, 0),
		"PINGREQ":        build(IPv6, PingReq, 1, 1, []Entry{target, entry6}, bcast6),
		"many entries":   build(IPv6, NFPing, 65535, 1<<32-1, many, Broadcast{}),
		"broadcast only": AppendBroadcast(nil, IPv6, 1, bcast6),
	} {
		if d, fault := Parse(b, IPv6); fault != "" || d.Len() > 0 && d.Entry(d.Len()-1) != entry6 {
			t.Errorf("%s: fault %q", name, fault)
		}
	}
}

func TestBroadcastFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		f      Family
		origin string
		want   Fault
	}{
		{"fine", IPv4, "192.0.2.9:7", ""},
		{"port 0", IPv4, "192.0.2.9:0", FaultBroadcastOrigin},
		{"first byte 0", IPv4, "0.1.2.3:7", FaultBroadcastOrigin},
		{"first byte 0, IPv6", IPv6, "[64:ff9b::1]:7", FaultBroadcastOrigin},
		{"v4-mapped", IPv6, "[::ffff:192.0.2.9]:7", FaultBroadcastOrigin},
		{"loopback, IPv6", IPv6, "[::1]:7", ""},
		{"too large", IPv4, "192.0.2.9:7", FaultBroadcastSize},
	} {
		limit := 5
		if c.want == FaultBroadcastSize {
			limit = 4
		}
		d, fault := Parse(build(c.f, Ack, 1, 0, nil, Broadcast{addr(c.origin), 1, []byte("hello")}), c.f)
		if fault != "" {
			t.Errorf("%s: the datagram is refused for %q", c.name, fault)
			continue
		}
		if _, ok, got := d.Broadcast(limit); got != c.want || ok != (c.want == "") {
			t.Errorf("%s: %v, fault %q, want %q", c.name, ok, got, c.want)
		}
	}
}

func TestLargestBroadcastFits(t *testing.T) {
	b := AppendBroadcast(nil, IPv6, 1, Broadcast{bcast6.Origin, 1, make([]byte, MaxPayload)})
	if want := 1200 - 29 - 4 - 16; len(b) != want { // what a frame has room for
		t.Errorf("the largest broadcast makes %d bytes, want %d", len(b), want)
	}
}

func TestAnnouncement(t *testing.T) {
	b := AppendAnnouncement(nil, "smudge", 9999, 7)
	cluster, d, fault := ParseAnnouncement(b, IPv4)
	if cluster != "smudge" || fault != "" || d.Port() != 9999 || d.Heartbeat() != 7 || d.Verb() != Ping {
		t.Errorf("got cluster %q, fault %q", cluster, fault)
	}
	for n := range b {
		if _, _, fault := ParseAnnouncement(b[:n], IPv4); fault == "" {
			t.Errorf("the first %d bytes are taken for an announcement", n)
		}
	}
}
