// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"testing"
	"time"
)

func TestNeighbourOf(t *testing.T) {
	self := carol
	for _, c := range []struct {
		name string
		live []netip.AddrPort
		want netip.AddrPort
	}{
		{"alone", nil, netip.AddrPort{}},
		{"three", []netip.AddrPort{alice, bob}, netip.AddrPort{}},
		{"four", []netip.AddrPort{alice, bob, dave}, dave},
		{"the last one", []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:1"), alice, bob}, netip.MustParseAddrPort("10.0.0.1:1")},
	} {
		if got, ok := NeighbourOf(self, c.live); got != c.want || ok != c.want.IsValid() {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestNeighbourIsDueEveryTwoHeartbeats(t *testing.T) {
	var n Neighbour
	times := 0
	for at := epoch; at.Before(epoch.Add(20 * heartbeat)); at = at.Add(time.Millisecond) {
		if n.Due(heartbeat, at) {
			times++
		}
	}
	if times != 20/NeighbourBeats || !n.Next().Equal(epoch.Add(20*heartbeat)) {
		t.Errorf("due %d times, next %v", times, n.Next().Sub(epoch))
	}
}
