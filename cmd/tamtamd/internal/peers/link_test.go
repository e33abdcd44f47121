// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// TestLinkTravels: what a node sends of a link is what the other reads, to the unit.
func TestLinkTravels(t *testing.T) {
	to, source := netip.MustParseAddrPort("192.0.2.1:9999"), netip.MustParseAddrPort("[2001:db8::1]:4000")
	const most = math.MaxUint32
	for _, c := range []struct{ have, want wire.Link }{
		{wire.Link{}, wire.Link{}},
		{wire.Link{Source: source}, wire.Link{Source: source}},
		{
			wire.Link{RoundTrip: time.Millisecond, Sent: 1, Resent: 2, Received: 3, Duplicates: 4, Heard: 5 * time.Millisecond, Unacked: 6 * time.Second},
			wire.Link{RoundTrip: time.Millisecond, Sent: 1, Resent: 2, Received: 3, Duplicates: 4, Heard: 5 * time.Millisecond, Unacked: 6 * time.Second},
		},
		{wire.Link{RoundTrip: 1, Heard: 1, Unacked: 1}, wire.Link{RoundTrip: time.Microsecond, Heard: time.Millisecond, Unacked: time.Millisecond}},
		{wire.Link{Heard: -1, Unacked: 1999 * time.Microsecond}, wire.Link{Unacked: time.Millisecond}},
		{wire.Link{RoundTrip: math.MaxInt64, Heard: math.MaxInt64}, wire.Link{RoundTrip: most * time.Microsecond, Heard: most * time.Millisecond}},
	} {
		c.want.Addr = to
		if got := DecodeLink(to, EncodeLink(c.have)); *got != c.want {
			t.Errorf("%+v becomes %+v, want %+v", c.have, *got, c.want)
		}
	}
	if l := DecodeLink(to, nil); l != nil {
		t.Errorf("no link becomes %+v", l)
	}
	if l := DecodeLink(to, &peerv1.Link{Source: "nowhere"}); l.Source.IsValid() {
		t.Errorf("the source is %v", l.Source)
	}
}

// FuzzDecodeAddr: what is read as an address is written as the same bytes.
func FuzzDecodeAddr(f *testing.F) {
	f.Add(EncodeAddr(netip.MustParseAddrPort("192.0.2.1:9999")))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if a := DecodeAddr(b); a.IsValid() && string(EncodeAddr(a)) != string(b) {
			t.Errorf("%x becomes %v", b, a)
		}
	})
}
