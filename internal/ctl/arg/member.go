// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arg

import (
	"errors"
	"net/netip"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Member is an address or a name that a user gave, to match members with.
type Member struct {
	Text    string
	address netip.AddrPort
	ip      netip.Addr // without a port: the port is the one that the local node gossips on
}

// ParseMember reads a Member. Any text but the empty one may be a name.
func ParseMember(s string) (Member, error) {
	if s == "" {
		return Member{}, errors.New("want an address or a name")
	}
	m := Member{Text: s}
	if a, err := netip.ParseAddrPort(s); err == nil {
		m.address = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	} else if ip, err := netip.ParseAddr(s); err == nil {
		m.ip = ip.Unmap()
	}
	return m, nil
}

// Matches reports whether a member has exactly this name, or this address. local is the
// address of the node that was asked, or empty.
func (m Member) Matches(member *tamtamv1.Member, local string) bool {
	if member.GetName() == m.Text {
		return true
	}
	address := m.address
	if m.ip.IsValid() {
		self, err := netip.ParseAddrPort(local)
		if err != nil {
			return false
		}
		address = netip.AddrPortFrom(m.ip, self.Port())
	}
	return address.IsValid() && member.GetAddress() == address.String()
}
