// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"bytes"
	"net/netip"
	"testing"
)

// swap maps addresses by a table and leaves out what is not in it.
type swap map[netip.AddrPort]netip.AddrPort

func (s swap) MapEntry(e Entry) (Entry, bool) {
	a, ok := s[e.Addr]
	e.Addr, e.Source = a, s[e.Source]
	return e, ok
}

// virtual maps the addresses that the tests use to IPv4 loopback, and back.
func virtual(real ...netip.AddrPort) (to, from swap) {
	to, from = swap{}, swap{}
	for i, r := range real {
		v := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(1000+i))
		to[r], from[v] = v, r
	}
	return to, from
}

func TestRewriteRoundTrips(t *testing.T) {
	r6 := []netip.AddrPort{addr("[2001:db8::7]:1"), addr("[2001:db8::8]:2"), addr("[2001:db8::9]:3")}
	to, from := virtual(r6...)
	entries := []Entry{
		{forwardTo, r6[0], 5, r6[1]},
		{Alive, r6[1], 6, netip.AddrPort{}},
		{Dead, r6[2], 7, r6[0]},
	}
	wire := build(IPv6, PingReq, 9999, 77, entries, Broadcast{})
	d, fault := Parse(wire, IPv6)
	if fault != "" {
		t.Fatal(fault)
	}
	inside, ok := d.AppendRewritten([]byte("prefix"), IPv4, 1234, to)
	if !ok || !bytes.HasPrefix(inside, []byte("prefix")) {
		t.Fatalf("rewritten: %v, %q", ok, inside)
	}
	d, fault = Parse(inside[len("prefix"):], IPv4)
	if fault != "" || d.Port() != 1234 || d.Heartbeat() != 77 || d.Verb() != PingReq {
		t.Fatalf("fault %q, port %d", fault, d.Port())
	}
	if e := d.Entry(2); e.Addr != to[r6[2]] || e.Source != to[r6[0]] || e.Heartbeat != 7 || e.Status != Dead {
		t.Errorf("entry inside: %v", e)
	}
	back, ok := d.AppendRewritten(nil, IPv6, 9999, from)
	if !ok || !bytes.Equal(back, wire) {
		t.Errorf("came back as %x, want %x", back, wire)
	}
}

func TestRewriteLeavesOut(t *testing.T) {
	to, _ := virtual(entry4.Addr)
	stranger := Entry{Alive, addr("192.0.2.99:1"), 1, netip.AddrPort{}}
	d, _ := Parse(build(IPv4, Ping, 1, 1, []Entry{stranger, entry4, stranger}, bcast4), IPv4)
	b, ok := d.AppendRewritten(nil, IPv4, 2, to)
	got, fault := Parse(b, IPv4)
	if !ok || fault != "" || got.Len() != 1 || got.Entry(0).Addr != to[entry4.Addr] || got.Entry(0).Source.IsValid() {
		t.Errorf("rewritten to %x, %v, fault %q", b, ok, fault)
	}
	if _, ok, _ := got.Broadcast(100); ok {
		t.Error("the broadcast was not left out")
	}
	d, _ = Parse(build(IPv4, PingReq, 1, 1, []Entry{{forwardTo, stranger.Addr, 1, netip.AddrPort{}}}, Broadcast{}), IPv4)
	if b, ok := d.AppendRewritten([]byte("kept"), IPv4, 2, to); ok || string(b) != "kept" {
		t.Errorf("a PINGREQ without its target became %q, %v", b, ok)
	}
}

// any maps every address to itself, or to one of the other family that holds it.
type anyAddr struct{ from, to Family }

func (m anyAddr) conv(a netip.AddrPort) netip.AddrPort {
	if !a.IsValid() || m.from == m.to {
		return a
	}
	b := a.Addr().As16()
	if m.to == IPv6 {
		b[0], b[10], b[11] = 0x20, 0, 0 // 2000::a.b.c.d
		return netip.AddrPortFrom(netip.AddrFrom16(b), a.Port())
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:])), a.Port())
}

func (m anyAddr) MapEntry(e Entry) (Entry, bool) {
	e.Addr, e.Source = m.conv(e.Addr), m.conv(e.Source)
	return e, true
}

// FuzzParse looks for bytes that make Parse or an accessor panic, or that it
// accepts against the rules.
func FuzzParse(f *testing.F) {
	for _, b := range [][]byte{
		nil, {1}, AppendBare(nil, Ping, 1, 0),
		build(IPv4, Ping, 1, 1, []Entry{entry4}, bcast4),
		build(IPv4, PingReq, 1, 1, []Entry{{forwardTo, entry4.Addr, 1, entry4.Source}}, Broadcast{}),
		build(IPv6, Ack, 1, 1, []Entry{entry6, entry6}, bcast6),
	} {
		f.Add(b, true)
		f.Add(b, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if fix { // else next to nothing gets past the checksum
			b = sealed(b)
		}
		for _, family := range []Family{IPv4, IPv6} {
			d, fault := Parse(b, family)
			if fault != "" {
				continue
			}
			if d.Port() == 0 || len(b) < HeaderSize || d.Verb() == PingReq && d.Len() == 0 {
				t.Fatalf("accepted %x", b)
			}
			for i := range d.Len() {
				e := d.Entry(i)
				if !IsNodeAddr(e.Addr, family) || (e.Status == forwardTo) != d.IsTarget(i) || e.Status > forwardTo || e.Status == 0 {
					t.Fatalf("accepted entry %v in %x", e, b)
				}
			}
			if bc, ok, _ := d.Broadcast(100); ok && (len(bc.Payload) > 100 || bc.Origin.Port() == 0) {
				t.Fatalf("accepted broadcast %v", bc)
			}
		}
	})
}

// FuzzRewrite looks for datagrams that do not survive the way in and out.
func FuzzRewrite(f *testing.F) {
	f.Add(build(IPv4, Ping, 1, 1, []Entry{entry4}, Broadcast{}))
	f.Add(build(IPv4, PingReq, 1, 1, []Entry{{forwardTo, entry4.Addr, 1, entry4.Source}, entry4}, bcast4))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = sealed(b)
		d, fault := Parse(b, IPv4)
		if fault != "" {
			return
		}
		same, ok := d.AppendRewritten(nil, IPv4, d.Port(), anyAddr{IPv4, IPv4})
		if !ok {
			t.Fatalf("%x is not rewritten", b)
		}
		there, ok := d.AppendRewritten(nil, IPv6, 7, anyAddr{IPv4, IPv6})
		mid, fault := Parse(there, IPv6)
		if !ok || fault != "" || mid.Len() != d.Len() || mid.Port() != 7 {
			t.Fatalf("%x became %x, fault %q", b, there, fault)
		}
		back, ok := mid.AppendRewritten(nil, IPv4, d.Port(), anyAddr{IPv6, IPv4})
		if !ok || !bytes.Equal(back, same) {
			t.Fatalf("%x came back as %x, want %x", b, back, same)
		}
		// The broadcast is left out, and a source without a port or address
		// becomes plain zeros; the rest must be as it was.
		if end := d.entriesEnd(); len(same) != end {
			t.Fatalf("%d bytes of header and entries became %d", end, len(same))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	p := build(IPv4, Ack, 1, 1, []Entry{entry4, entry4, entry4, entry4, entry4, entry4}, bcast4)
	b.ReportAllocs()
	for b.Loop() {
		if _, fault := Parse(p, IPv4); fault != "" {
			b.Fatal(fault)
		}
	}
}

func BenchmarkRewrite(b *testing.B) {
	to, _ := virtual(entry4.Addr, entry4.Source)
	d, _ := Parse(build(IPv4, Ack, 1, 1, []Entry{entry4, entry4, entry4, entry4, entry4, entry4}, bcast4), IPv4)
	buf := make([]byte, 0, MaxSize)
	var m Mapper = to
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := d.AppendRewritten(buf, IPv4, 1, m); !ok {
			b.Fatal("not rewritten")
		}
	}
}
