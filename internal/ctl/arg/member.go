// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arg

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// MemberHelp explains MEMBER in the help of each command that takes one.
const MemberHelp = `MEMBER is the name of a member, or its address, or a host name; without a port, the port
is the one that the node itself gossips on. An IP with a port is always an address. If
several members have the name, the live one is meant; if several of them are live, the
command is refused, and lists their addresses.`

// lookUpWithin bounds the look-up of a host name: a person waits.
const lookUpWithin = time.Second

// Member is what a user gave to name a member: its name, else its address, else the name of
// its host. Names come from the members, and are not unique. So an IP with a port, which
// is, never counts as a name: nobody can take the place of another by such a name.
type Member struct {
	Text    string
	address netip.AddrPort
	ip      netip.Addr // without a port: the port is the one that the local node gossips on

	hosts []netip.Addr // of a host name that was looked up
	port  uint16       // of the host name; 0 for the local node's
}

// ParseMember reads a Member. Any text but the empty one may be a name.
func ParseMember(s string) (Member, error) {
	if s == "" {
		return Member{}, errors.New("want the name or the address of a member")
	}
	m := Member{Text: s}
	if a, err := netip.ParseAddrPort(s); err == nil {
		m.address = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	} else if ip, err := netip.ParseAddr(s); err == nil {
		m.ip = ip.Unmap()
	}
	return m, nil
}

// IsAddress reports whether it is an IP with a port, and which.
func (m Member) IsAddress() (netip.AddrPort, bool) { return m.address, m.address.IsValid() }

// LookUp looks its text up as a host name, unless it is an IP, for a second at most. No such
// host is no error.
func (m *Member) LookUp(ctx context.Context) {
	if m.address.IsValid() || m.ip.IsValid() {
		return
	}
	host, port, err := netaddr.Split(m.Text, 0)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpWithin)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return
	}
	m.hosts, m.port = nil, port
	for _, ip := range ips {
		m.hosts = append(m.hosts, ip.Unmap())
	}
}

// Label returns it as texts show it: a name in quotes, if it needs them.
func (m Member) Label() string {
	if m.address.IsValid() || m.ip.IsValid() {
		return m.Text
	}
	return escape.Name(m.Text)
}

// All returns the members that it may mean, of those that the daemon lists.
func (m Member) All(members []*tamtamv1.Member) []*tamtamv1.Member {
	if found := m.at(members, []netip.AddrPort{m.address}); m.address.IsValid() {
		return found
	}
	var named []*tamtamv1.Member
	local := ""
	for _, one := range members {
		if one.GetName() == m.Text {
			named = append(named, one)
		}
		if one.GetLocal() {
			local = one.GetAddress()
		}
	}
	if len(named) > 0 {
		return named
	}
	return m.at(members, m.addresses(local))
}

// Matches reports whether a member has the name or the address; local is the address of the
// node that was asked.
func (m Member) Matches(one *tamtamv1.Member, local string) bool {
	if m.address.IsValid() {
		return len(m.All([]*tamtamv1.Member{one})) > 0
	}
	return one.GetName() == m.Text || len(m.at([]*tamtamv1.Member{one}, m.addresses(local))) > 0
}

// addresses returns the addresses that an IP or a host name stands for; local is the address of
// the node that was asked.
func (m Member) addresses(local string) (addresses []netip.AddrPort) {
	self, _ := netip.ParseAddrPort(local) // the daemon's own: it parses, once it is known
	for _, ip := range append(slices.Clone(m.hosts), m.ip) {
		port := m.port
		if port == 0 {
			port = self.Port()
		}
		addresses = append(addresses, netip.AddrPortFrom(ip, port))
	}
	return addresses
}

// at returns the members at addresses.
func (m Member) at(members []*tamtamv1.Member, addresses []netip.AddrPort) (found []*tamtamv1.Member) {
	for _, one := range members {
		if a, err := netip.ParseAddrPort(one.GetAddress()); err == nil && slices.Contains(addresses, a) {
			found = append(found, one)
		}
	}
	return found
}

// Among returns the members that it means: the live one of those with the name, or all that
// have ended if none is live. Fails with an AmbiguousError if several are live.
func (m Member) Among(members []*tamtamv1.Member) ([]*tamtamv1.Member, error) {
	all := m.All(members)
	live := slices.DeleteFunc(slices.Clone(all), func(one *tamtamv1.Member) bool { return !Live(one) })
	switch len(live) {
	case 0:
		return all, nil
	case 1:
		return live, nil
	}
	return nil, &AmbiguousError{m.Text, live}
}

// One returns the member that it means. Fails with an AmbiguousError, or with an
// UnknownError if no member is meant.
func (m Member) One(members []*tamtamv1.Member) (*tamtamv1.Member, error) {
	found, err := m.Among(members)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, &UnknownError{m.Text}
	case len(found) > 1:
		return nil, &AmbiguousError{m.Text, found}
	}
	return found[0], nil
}

// Live reports whether a member counts as running.
func Live(m *tamtamv1.Member) bool {
	s := m.GetStatus()
	return s == tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE || s == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
}

// AmbiguousError: several members may be meant.
type AmbiguousError struct {
	Text    string
	Members []*tamtamv1.Member
}

func (e *AmbiguousError) Error() string {
	var all []string
	for _, m := range e.Members {
		all = append(all, m.GetAddress()+" ("+strings.TrimPrefix(m.GetStatus().String(), "MEMBER_STATUS_")+")")
	}
	return fmt.Sprintf("%q stands for %d members: %s; give the address of one", e.Text, len(all), strings.Join(all, ", "))
}

// UnknownError: no member is meant.
type UnknownError struct{ Text string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("no member has the name, the address or the host name %q", e.Text)
}
