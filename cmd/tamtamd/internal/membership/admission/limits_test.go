// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

var epoch = time.Unix(1_000_000, 0)

// crowd are members, and their census.
type crowd struct {
	Census
	all []Occupant
}

func newCrowd() *crowd { return &crowd{Census: NewCensus()} }

// add adds n members that became members one after the other, a millisecond each, the first some
// time ago.
func (c *crowd) add(n int, ago time.Duration, like Occupant, at func(i int) netip.AddrPort) *crowd {
	for i := range n {
		o := like
		o.Addr, o.Since = at(i), epoch.Add(time.Duration(i)*time.Millisecond-ago)
		c.Add(o.Addr, o.Known)
		c.all = append(c.all, o)
	}
	return c
}

// Addresses of one IP address, of one network, of networks with one IP address each, and of a
// network of IPv6 with as many as it takes.
func port(i int) netip.AddrPort { return from4(192, 0, 2, 1, i+1) }
func host(i int) netip.AddrPort { return from4(198, 51, 100, byte(i), i/256+1) }
func spread(i int) netip.AddrPort {
	return from4(10, byte(i>>16), byte(i>>8), byte(i), 1)
}
func ipv6(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 12: 0, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}), 1)
}

func from4(a, b, c, d byte, port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{a, b, c, d}), uint16(port))
}

func TestDecide(t *testing.T) {
	stranger, proved, known := Occupant{}, Occupant{Proved: true}, Occupant{Proved: true, Known: true}
	ended := Occupant{Proved: true, Ended: true}
	newcomer := netip.MustParseAddrPort("203.0.113.7:9")
	const most = MaxMembers - Reserved
	long, fresh := time.Hour, 5*time.Second // the last of a crowd is younger
	for _, c := range []struct {
		name    string
		members *crowd
		n       Newcomer
		want    Verdict
	}{
		{"nobody is there", newCrowd(), Newcomer{Open: true}, Verdict{OK: true}},
		{"the last of all, with keys", newCrowd().add(MaxMembers-1, long, proved, spread), Newcomer{}, Verdict{OK: true}},
		{"one too many, with keys", newCrowd().add(MaxMembers, long, stranger, spread), Newcomer{Known: true}, Verdict{}},
		{"the one that ended first gives way", newCrowd().add(MaxMembers-2, long, proved, spread).add(2, long, ended, port),
			Newcomer{}, Verdict{OK: true, GivesWay: port(0)}},
		{"with keys, one network may have them all", newCrowd().add(MaxMembers-1, long, stranger, ipv6),
			Newcomer{Addr: ipv6(MaxMembers)}, Verdict{OK: true}},

		{"the last of an IP address", newCrowd().add(MaxPerIP-1, long, proved, port), Newcomer{Addr: port(999)}, Verdict{OK: true}},
		{"one too many of an IP address", newCrowd().add(MaxPerIP, long, proved, port), Newcomer{Addr: port(999)}, Verdict{}},
		{"one of the IP address has ended", newCrowd().add(MaxPerIP-1, long, proved, port).add(1, long, ended, func(int) netip.AddrPort { return port(500) }),
			Newcomer{Addr: port(999)}, Verdict{OK: true, GivesWay: port(500)}},
		{"one of another has", newCrowd().add(MaxPerIP, long, proved, port).add(1, long, ended, host), Newcomer{Addr: port(999)}, Verdict{}},

		{"strangers leave room for the known", newCrowd().add(most, long, proved, spread), Newcomer{Open: true}, Verdict{}},
		{"a known one takes it", newCrowd().add(most, long, proved, spread), Newcomer{Open: true, Known: true}, Verdict{OK: true}},
		{"until that is full, too", newCrowd().add(most, long, proved, spread).add(Reserved, long, known, host), Newcomer{Open: true, Known: true}, Verdict{}},
		{"then a stranger that was never of use makes room", newCrowd().add(most-1, long, proved, spread).add(1, 0, stranger, port).add(Reserved, long, known, host),
			Newcomer{Open: true, Known: true}, Verdict{OK: true, GivesWay: port(0)}},
		{"a known one that was never of use makes none for a stranger", newCrowd().add(most, long, proved, spread).add(1, long, Occupant{Known: true, Proved: true}, port),
			Newcomer{Open: true, Vouched: true}, Verdict{}},

		{"one network has its share", newCrowd().add(MaxPerNetwork, long, proved, host), Newcomer{Open: true, Addr: host(MaxPerNetwork)}, Verdict{}},
		{"and others have theirs", newCrowd().add(MaxPerNetwork, long, proved, host), Newcomer{Open: true}, Verdict{OK: true}},
		{"a known one of that network gets in", newCrowd().add(MaxPerNetwork, long, proved, host), Newcomer{Open: true, Known: true, Addr: host(MaxPerNetwork)}, Verdict{OK: true}},
		{"so it is with IPv6", newCrowd().add(MaxPerNetwork, long, proved, ipv6), Newcomer{Open: true, Addr: ipv6(MaxPerNetwork)}, Verdict{}},
		{"one of the same network makes room, not one of another", newCrowd().add(MaxPerNetwork, long, stranger, host).add(9, 2*long, stranger, port),
			Newcomer{Open: true, Addr: host(MaxPerNetwork)}, Verdict{OK: true, GivesWay: host(0), Limited: true}},
		{"unless it is young itself", newCrowd().add(MaxPerNetwork, fresh, stranger, host),
			Newcomer{Open: true, Addr: host(MaxPerNetwork)}, Verdict{}},
		{"who fills a network from one IP address displaces its own", newCrowd().add(MaxPerNetwork-200, fresh, stranger, host).add(200, fresh, stranger, func(i int) netip.AddrPort { return from4(198, 51, 100, 7, 1000+i) }),
			Newcomer{Open: true, Addr: host(MaxPerNetwork)}, Verdict{OK: true, GivesWay: from4(198, 51, 100, 7, 1000)}},
		{"the largest network makes room", newCrowd().add(most-300, fresh, stranger, spread).add(300, fresh, stranger, host),
			Newcomer{Open: true}, Verdict{OK: true, GivesWay: host(0)}},
		{"one that a member vouches for displaces a young one, not often", newCrowd().add(most, fresh, stranger, ownNetwork),
			Newcomer{Open: true, Vouched: true}, Verdict{OK: true, GivesWay: ownNetwork(0), Limited: true}},
		{"a stranger does not", newCrowd().add(most, fresh, stranger, ownNetwork), Newcomer{Open: true}, Verdict{}},
		{"the attacker's own next one does not", newCrowd().add(MaxPerIP, fresh, stranger, port), Newcomer{Open: true, Addr: port(999)}, Verdict{}},
		{"but in ten seconds", newCrowd().add(MaxPerIP, 20*time.Second, stranger, port), Newcomer{Open: true, Addr: port(999)}, Verdict{OK: true, GivesWay: port(0), Limited: true}},
	} {
		c.n.Now = epoch
		if !c.n.Addr.IsValid() {
			c.n.Addr = newcomer
		}
		if got := c.members.Decide(c.n, slices.Values(c.members.all)); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if c.members.Fits(c.n) != (c.want == Verdict{OK: true}) {
			t.Errorf("%s: Fits says %v", c.name, c.members.Fits(c.n))
		}
	}
}

// ownNetwork returns an address that is the only one of its network.
func ownNetwork(i int) netip.AddrPort { return from4(byte(i>>16)+1, byte(i>>8), byte(i), 1, 1) }

// TestAnAttackerDisplacesItsOwn: seventeen IP addresses that offer strangers without end, in one
// network and in as many, keep out nobody of another IP address that has fewer, and no more than
// their share of a network get in.
func TestAnAttackerDisplacesItsOwn(t *testing.T) {
	for name, at := range map[string]func(i int) netip.AddrPort{
		"one network": func(i int) netip.AddrPort { return from4(127, 0, 0, byte(10+i%17), i/17+1) },
		"networks":    func(i int) netip.AddrPort { return from4(127, 0, byte(i%17), 10, i/17+1) },
	} {
		members := map[netip.AddrPort]Occupant{}
		census := NewCensus()
		offer := func(a netip.AddrPort, now time.Time) bool {
			v := census.Decide(Newcomer{Addr: a, Open: true, Now: now}, func(yield func(Occupant) bool) {
				for _, o := range members {
					if !yield(o) {
						return
					}
				}
			})
			if v.GivesWay.IsValid() {
				census.Remove(v.GivesWay, false)
				delete(members, v.GivesWay)
			}
			if v.OK {
				census.Add(a, false)
				members[a] = Occupant{Addr: a, Since: now}
			}
			return v.OK
		}
		ours := func(i int) netip.AddrPort { return from4(127, 0, 0, 1, i+1) }
		for i := range 6000 {
			now := epoch.Add(time.Duration(i) * time.Millisecond)
			offer(at(i), now)
			if i%200 == 199 && !offer(ours(i), now) {
				t.Fatalf("%s: ours is refused after %d", name, i)
			}
		}
		n := 0
		for i := range 6000 {
			if _, in := members[ours(i)]; in {
				n++
			}
		}
		if n != 30 || len(members) > MaxMembers-Reserved {
			t.Errorf("%s: %d of ours are in, of 30, and %d in all", name, n, len(members))
		}
		if name == "one network" && len(members) > MaxPerNetwork {
			t.Errorf("%d of one network", len(members))
		}
	}
}

func TestCensus(t *testing.T) {
	c := NewCensus()
	for i := range 500 {
		c.Add(spread(i), i%2 == 0)
	}
	for i := range 500 {
		c.Remove(spread(i), i%2 == 0)
	}
	if c.all != 0 || c.strangers != 0 || len(c.perIP)+len(c.perNetwork) != 0 {
		t.Errorf("left: %+v", c)
	}
}

func TestNetwork(t *testing.T) {
	for a, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "::1": "::/64", "127.0.0.1": "127.0.0.0/24",
	} {
		if p := Network(netip.MustParseAddr(a)); p.String() != want {
			t.Errorf("%s: %s, want %s", a, p, want)
		}
	}
}

func TestKnownAreBounded(t *testing.T) {
	var k Known
	for i := range 2 * MaxKnown {
		k.Add(spread(i))
	}
	if len(k.m) != MaxKnown || !k.Has(spread(0)) || k.Has(spread(MaxKnown)) {
		t.Errorf("%d known", len(k.m))
	}
}
