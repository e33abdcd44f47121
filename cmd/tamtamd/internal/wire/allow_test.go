// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// TestOnlyAllowedNetworksAreHeard: what comes from elsewhere is dropped before it makes any state,
// and so is a node that lives in the network and advertises an address elsewhere.
func TestOnlyAllowedNetworksAreHeard(t *testing.T) {
	s := newSim(t, 1)
	a, b, c := s.node(at(1)), s.node(at(2)), s.node(at(3))
	a.SetAllow(netaddr.Networks{netip.PrefixFrom(b.addr.Addr(), 32), netip.PrefixFrom(a.addr.Addr(), 32)})
	answered := 0
	s.tap = func(from, to netip.AddrPort, _ []byte) {
		if from == a.addr && to == c.addr {
			answered++
		}
	}
	b.Greet(s.now, a.addr)
	c.Greet(s.now, a.addr)
	s.run(time.Second)
	if !a.Has(b.addr) || a.Has(c.addr) || len(a.peers) != 1 || answered != 0 {
		t.Errorf("sessions %v, %d answers", a.peers, answered)
	}
	if counted(a)["dropped_not_allowed"] == 0 {
		t.Errorf("counted %v", counted(a))
	}
	a.SetAllow(netaddr.Networks{netip.PrefixFrom(c.addr.Addr(), 32)})
	before := counted(a)["dropped_not_allowed"]
	b.Send(s.now, a.addr, plain, []byte("x"), 0)
	s.run(time.Second)
	if len(a.got) != 0 || counted(a)["dropped_not_allowed"] == before {
		t.Errorf("it heard %v", a.got)
	}
}

// TestAdvertisedAddressMustBeAllowed: the address in the info counts, and not only the source.
func TestAdvertisedAddressMustBeAllowed(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.node(at(1)), s.node(at(2))
	a.SetAllow(netaddr.Networks{netip.PrefixFrom(b.addr.Addr(), 32)})
	b.cfg.Info.Addr = at(9)
	b.Greet(s.now, a.addr)
	s.run(time.Second)
	if len(a.peers) != 0 || len(a.nonces) != 0 || counted(a)["dropped_not_allowed"] == 0 {
		t.Errorf("sessions %v, greetings %v", a.peers, a.nonces)
	}
}
