// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"testing"
	"time"
)

// TestStrangersFlood: a hundred thousand packets from as many addresses make a bounded table.
func TestStrangersFlood(t *testing.T) {
	s := NewStrangers()
	for i := range 100_000 {
		s.Note(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), epoch)
	}
	if len(s.All()) != MaxStrangers {
		t.Errorf("%d machines", len(s.All()))
	}
}

func TestStrangersHeardSince(t *testing.T) {
	s := NewStrangers()
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	s.Note(a, epoch)
	for _, c := range []struct {
		addr  netip.Addr
		since time.Time
		want  bool
	}{{a, epoch.Add(-1), true}, {a, epoch, false}, {b, epoch.Add(-1), false}} {
		if got := s.HeardSince(c.addr, c.since); got != c.want {
			t.Errorf("%v since %v: %v, want %v", c.addr, c.since, got, c.want)
		}
	}
}
