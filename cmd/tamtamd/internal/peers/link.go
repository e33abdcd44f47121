// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"math"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// EncodeLink returns a link as nodes send it to each other: without its address and its
// window. Times that are not 0 are at least 1 of their unit.
func EncodeLink(l wire.Link) *peerv1.Link {
	m := &peerv1.Link{
		RoundTripUs: units(l.RoundTrip, time.Microsecond),
		Sent:        l.Sent, Resent: l.Resent, Received: l.Received, Duplicates: l.Duplicates,
		HeardMs: Millis(l.Heard), UnackedMs: Millis(l.Unacked),
		RecentFrames: l.RecentFrames, RecentLost: l.RecentLost,
	}
	if l.Source.IsValid() {
		m.Source = l.Source.String()
	}
	return m
}

// DecodeLink returns the link that a node sent, to the address that is known to be meant;
// nil when there is none. A source that is no address is left out.
func DecodeLink(to netip.AddrPort, m *peerv1.Link) *wire.Link {
	if m == nil {
		return nil
	}
	source, _ := netip.ParseAddrPort(m.GetSource()) // the zero one when it is none
	return &wire.Link{
		Addr: to, Via: DecodeAddr(m.GetVia()), Source: source, RoundTrip: time.Duration(m.GetRoundTripUs()) * time.Microsecond,
		Sent: m.GetSent(), Resent: m.GetResent(), Received: m.GetReceived(), Duplicates: m.GetDuplicates(),
		Heard: ofMillis(m.GetHeardMs()), Unacked: ofMillis(m.GetUnackedMs()),
		RecentFrames: m.GetRecentFrames(), RecentLost: m.GetRecentLost(),
	}
}

// EncodeAddr returns an address as nodes send it to each other: an IP of 4 or 16 bytes, and a
// port of 2.
func EncodeAddr(a netip.AddrPort) []byte {
	return append(a.Addr().AsSlice(), byte(a.Port()>>8), byte(a.Port()))
}

// DecodeAddr reads an address; it returns the zero one if b is none.
func DecodeAddr(b []byte) netip.AddrPort {
	if len(b) < 2 {
		return netip.AddrPort{}
	}
	ip, port := b[:len(b)-2], b[len(b)-2:]
	a, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a, uint16(port[0])<<8|uint16(port[1]))
}

// Millis is a duration in whole milliseconds, at least 1 unless it is 0.
func Millis(d time.Duration) uint32 { return units(d, time.Millisecond) }

func ofMillis(n uint32) time.Duration { return time.Duration(n) * time.Millisecond }

func units(d, unit time.Duration) uint32 {
	if d <= 0 {
		return 0
	}
	return uint32(min(max(int64(d/unit), 1), math.MaxUint32))
}
