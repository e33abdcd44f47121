// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// Domain is above all names that are answered.
const Domain = "tamtam"

// The names below Domain:
//
//	NAME.node            a member, by its name
//	KEY--VALUE.tag       members with a tag
//	NAME.service         members that offer a service
//	_NAME._tcp.service   the same, by protocol, for SRV
//	HEX.addr             a member, by its IP address: where SRV records point to
const (
	nodeZone    = "node"
	tagZone     = "tag"
	serviceZone = "service"
	addrZone    = "addr"
)

// zone has the names of all live members.
type zone struct {
	members Members

	mu       sync.Mutex // guards what follows
	live     []host
	revision uint64
}

// host is a live member, and what its tags say.
type host struct {
	member.Member
	tags     tags.Set
	services []services.Service
}

// list returns the live members, and the revision of the list. It is not to be changed.
func (z *zone) list() ([]host, uint64) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.live == nil || z.members.Revision() != z.revision {
		all, revision := z.members.List()
		z.live, z.revision = make([]host, 0, len(all)), revision
		for _, m := range all {
			if m.Status.Live() {
				set, _ := tags.Decode(m.Tags) // checked when the member announced them
				z.live = append(z.live, host{m, set, services.Of(set)})
			}
		}
	}
	return z.live, z.revision
}

// offer is a service of a member.
type offer struct {
	member.Member
	services.Service
	target dnsmessage.Name // of the member
}

// found is what there is at a name. A name with nothing may exist, as one above others does.
type found struct {
	exists  bool
	members []host // with addresses
	tags    bool   // they have their tags as text
	offers  []offer
}

// find returns what there is at a name below Domain, without Domain and in any case, in random order.
func (z *zone) find(name string) (found, uint64) {
	live, revision := z.list()
	rest, kind := "", name
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		rest, kind = name[:i], name[i+1:]
	}
	var f found
	switch strings.ToLower(kind) {
	case "":
		f.exists = true
	case nodeZone:
		f = findMembers(live, rest, func(h host) string { return h.Name })
		f.tags = true
	case tagZone:
		f = findTag(live, rest)
	case addrZone:
		f = findMembers(live, rest, func(h host) string { return hexOf(h.Addr.Addr()) })
	case serviceZone:
		f = findService(live, strings.ToLower(rest))
	}
	rand.Shuffle(len(f.members), func(i, j int) { f.members[i], f.members[j] = f.members[j], f.members[i] })
	rand.Shuffle(len(f.offers), func(i, j int) { f.offers[i], f.offers[j] = f.offers[j], f.offers[i] })
	return f, revision
}

// findMembers returns the members with a name, which exists if it is empty, or below it is another.
func findMembers(live []host, name string, of func(host) string) found {
	f := found{exists: name == ""}
	for _, m := range live {
		switch at := of(m); {
		case name == "":
		case strings.EqualFold(at, name):
			f.exists, f.members = true, append(f.members, m)
		case below(at, name):
			f.exists = true
		}
	}
	return f
}

// below reports whether a name is below another one.
func below(name, above string) bool {
	i := len(name) - len(above)
	return i > 1 && name[i-1] == '.' && strings.EqualFold(name[i:], above)
}

// tagSeparator is between key and value in a name: "=" is not usual in names of hosts.
const tagSeparator = "--"

// findTag returns the members with a tag. The case of keys and values does not count, as in all names.
func findTag(live []host, name string) found {
	f := found{exists: name == ""}
	if name == "" {
		return f
	}
	for _, m := range live {
		has := false
		for key, value := range m.tags {
			at := key + tagSeparator + value
			has = has || strings.EqualFold(at, name)
			f.exists = f.exists || has || below(at, name)
		}
		if has {
			f.members = append(f.members, m)
		}
	}
	return f
}

// findService returns the members that offer NAME, or _NAME._PROTOCOL.
func findService(live []host, name string) found {
	var names map[string]int
	f := found{exists: name == "" || name == "_"+services.TCP || name == "_"+services.UDP}
	wanted, protocol, srv := strings.Cut(name, "._")
	if srv {
		if wanted, srv = strings.CutPrefix(wanted, "_"); !srv {
			return f
		}
	}
	for _, m := range live {
		for _, s := range m.services {
			if s.Name != wanted || srv && s.Protocol != protocol {
				continue
			}
			if names == nil {
				names = count(live)
			}
			f.exists, f.offers = true, append(f.offers, offer{m.Member, s, target(m.Member, names)})
			if !srv {
				f.members = append(f.members, m)
			}
		}
	}
	return f
}

// count returns how many members have each name, in lower case.
func count(live []host) map[string]int {
	names := make(map[string]int, len(live))
	for _, m := range live {
		names[strings.ToLower(m.Name)]++
	}
	return names
}

// target returns the name of a member as a host: by its own name, if that is one of a host and no other member has
// it, else by its IP address.
func target(m member.Member, names map[string]int) dnsmessage.Name {
	if names[strings.ToLower(m.Name)] == 1 && isHost(m.Name) {
		if n, err := dnsmessage.NewName(m.Name + "." + nodeZone + "." + Domain + "."); err == nil {
			return n
		}
	}
	return dnsmessage.MustNewName(hexOf(m.Addr.Addr()) + "." + addrZone + "." + Domain + ".")
}

// isHost reports whether a name can be one of a host (RFC 1123): labels of letters, digits and hyphens.
func isHost(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
		}) {
			return false
		}
	}
	return true
}

// hexOf returns an IP address as 8 or 32 hexadecimal digits.
func hexOf(ip netip.Addr) string { return hex.EncodeToString(ip.WithZone("").AsSlice()) }
