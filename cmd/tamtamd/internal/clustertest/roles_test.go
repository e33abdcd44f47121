// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// role is a way to attack. Each call of send sends the daemon one packet.
type role struct {
	name string
	send func()
	stop func()
	own  netip.AddrPort // the member that the role is; invalid if it is none
	sent int
	by   map[string]int // how many were sent, by kind
}

type roles []*role

func (rs roles) has(address string) bool {
	return slices.ContainsFunc(rs, func(r *role) bool { return r.own.String() == address })
}

func (r *role) kinds() string {
	var all []string
	for k, n := range r.by {
		all = append(all, fmt.Sprint(k, " ", n))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// count counts a packet that is sent.
func (r *role) count(kind string) {
	r.sent++
	r.by[kind]++
}

// sessionLife is after how many packets a role begins another session. Some of what it
// sends ends one, as a counter at the end of its range does.
const sessionLife = 20_000

func newRoles(t testing.TB, r *rand.Rand, victim *Daemon, members []netip.AddrPort) roles {
	a := &attacker{r: r, f: datagram.IPv4, members: members}
	rs := roles{bareRole(t, a, victim), grammarRole(t, a, victim), mutantRole(t, a, victim), insiderRole(t, a, victim), forgerRole(t, a, victim)}
	for _, role := range rs {
		role.by = map[string]int{}
	}
	return rs
}

// bareRole sends bare datagrams.
func bareRole(t testing.TB, a *attacker, victim *Daemon) *role {
	s := newRawSocket(t)
	role := &role{name: "bare datagrams", stop: func() {}}
	role.send = func() {
		role.count("bare")
		s.send(victim, a.next())
	}
	return role
}

// grammarRole sends frames of all kinds that say anything, in sessions that are not
// open, or of members.
func grammarRole(t testing.TB, a *attacker, victim *Daemon) *role {
	s := newRawSocket(t)
	var sessions, cookies []uint64
	learn := func() { // cookies are good for a while
		greeter := newRawSocket(t)
		sessions, cookies = nil, nil
		for _, m := range a.members[1:] { // a member tells its own to anybody
			_, session := greeter.greet(&Daemon{Gossip: m}, 1, 1)
			sessions = append(sessions, session)
			cookie, _ := s.greet(victim, session, cookieNonce+uint64(len(sessions)))
			cookies = append(cookies, cookie)
		}
		_ = greeter.conn.Close()
	}
	learn()
	role := &role{name: "frames without a session", stop: func() { _ = s.conn.Close() }}
	role.send = func() {
		if role.sent%sessionLife == sessionLife-1 {
			s.drain()
			learn()
		}
		f := rawFrame{
			kind: randomKind(a.r), session: a.pick(sessions), tag: a.pick(cookies), counter: a.counter(),
			acks: make([]uint32, a.acks()),
		}
		for i := range f.acks {
			f.acks[i] = uint32(a.counter())
		}
		f.payload = a.payload(f)
		role.count(kindName(f.kind))
		b := f.bytes()
		if a.r.IntN(16) == 0 { // cut short, or with what follows
			b = append(b[:a.r.IntN(len(b)+1)], make([]byte, a.r.IntN(40))...)
		}
		s.send(victim, b)
	}
	return role
}

// cookieNonce is beyond the nonces of other hellos, so that their welcomes are told
// apart.
const cookieNonce = 1 << 32

// pick returns one of those that are known, or any.
func (a *attacker) pick(known []uint64) uint64 {
	if a.r.IntN(2) == 0 {
		return known[a.r.IntN(len(known))]
	}
	return a.r.Uint64()
}

func (a *attacker) counter() uint64 {
	switch a.r.IntN(4) {
	case 0:
		return a.r.Uint64()
	case 1:
		return ^a.r.Uint64N(8)
	default:
		return a.r.Uint64N(1 << 12)
	}
}

func (a *attacker) acks() int {
	if a.r.IntN(8) == 0 {
		return a.r.IntN(256) // more than a frame may carry
	}
	return a.r.IntN(4)
}

func (a *attacker) noise(most int) []byte {
	b := make([]byte, a.r.IntN(most+1))
	for i := range b {
		b[i] = byte(a.r.Uint32())
	}
	return b
}

// payload returns one that suits the kind, more often than not.
func (a *attacker) payload(f rawFrame) []byte {
	if a.r.IntN(8) == 0 {
		return a.noise(1200)
	}
	switch f.kind {
	case kindHello:
		cluster := "smudge"
		if a.r.IntN(4) == 0 {
			cluster = string(a.noise(300))
		}
		return helloPayload(a.r.Uint64N(4), cluster)
	case kindWelcome:
		return append(binary.BigEndian.AppendUint64(nil, a.r.Uint64()), byte(a.r.IntN(3)))
	case kindInfo:
		return infoPayload(a.r.Uint64(), cookieNonce+1+a.r.Uint64N(2), a.counter(), a.r.Uint64N(3), a.address(), a.name())
	case kindData, kindReply:
		return a.next()
	case kindMembers:
		return a.told()
	case kindRemoval:
		return appendAddress(binary.BigEndian.AppendUint64(nil, f.session), a.address())
	}
	return nil
}

// name is one that a node may have, or may not.
func (a *attacker) name() string {
	if a.r.IntN(4) == 0 {
		return string(a.noise(140))
	}
	return "evil"
}

// told is what a member reports of others.
func (a *attacker) told() []byte {
	b := binary.BigEndian.AppendUint64([]byte{byte(a.r.IntN(2))}, a.r.Uint64N(3))
	for range a.r.IntN(60) {
		b = appendAddress(b, a.address())
	}
	return b
}

// mutantRole sends frames of a session of its own with flipped bits, twice, cut, or
// joined together.
func mutantRole(t testing.TB, a *attacker, victim *Daemon) *role {
	r := newRogue(t, victim)
	Eventually(t, "the session is open", r.isUp)
	role := &role{name: "mutants", own: r.addr, stop: func() { _ = r.conn.Close() }}
	role.send = func() {
		if role.sent%sessionLife == sessionLife-1 {
			r.open()
		}
		b := r.sample()
		switch a.r.IntN(8) {
		case 0:
		case 1:
			b = b[:a.r.IntN(len(b)+1)]
		case 2:
			b = append(b, r.sample()...)
		default:
			for range a.r.IntN(4) + 1 {
				b[a.r.IntN(len(b))] ^= 1 << a.r.IntN(8)
			}
		}
		if len(b) > 3 && b[3] == kindRemoval { // which a member may do
			b[3] = kindData
		}
		if len(b) > 3 {
			role.count(kindName(b[3]))
		} else {
			role.count("none")
		}
		r.rawSocket.send(victim, b)
	}
	return role
}

// insiderRole is a member that says what is well-formed and does harm.
func insiderRole(t testing.TB, a *attacker, victim *Daemon) *role {
	r := newRogue(t, victim)
	Eventually(t, "the session is open", r.isUp)
	role := &role{name: "a member", own: r.addr, stop: func() { _ = r.conn.Close() }}
	role.send = func() {
		if role.sent%sessionLife == sessionLife-1 {
			r.open()
		}
		switch a.r.IntN(12) {
		case 0: // bogus members
			told := a.told()
			role.count("members")
			r.do(func(c *wire.Core, now time.Time) {
				c.Send(now, victim.Gossip, membership.MembersChannel, told, 0)
			})
		case 1: // longer than a frame may be, or than a datagram in it
			role.count("oversize")
			r.rawSocket.send(victim, r.inSession(kindData, make([]byte, 1100+a.r.IntN(400))).bytes())
		case 2: // acknowledging what was never sent
			role.count("acks")
			f := r.inSession(kindAck, nil)
			f.acks = make([]uint32, a.acks())
			for i := range f.acks {
				f.acks[i] = a.r.Uint32()
			}
			r.rawSocket.send(victim, f.bytes())
		case 3: // far counters
			role.count("counters")
			f := r.inSession(kindReply, a.wellFormed())
			if a.r.IntN(1000) == 0 {
				f.counter = a.counter()
			}
			r.rawSocket.send(victim, f.bytes())
		case 4: // about itself
			role.count("infos")
			f := r.inSession(kindInfo, nil)
			f.payload = infoPayload(a.r.Uint64(), a.r.Uint64(), a.r.Uint64N(4), a.r.Uint64N(4), a.address(), "rogue")
			r.rawSocket.send(victim, f.bytes())
		default: // forged datagrams
			b := a.wellFormed()
			if len(b) > wire.MaxData || a.r.IntN(4) == 0 {
				b = a.next()
			}
			b = b[:min(len(b), wire.MaxData)]
			answer := a.r.IntN(2) == 0
			r.do(func(c *wire.Core, now time.Time) {
				if answer && c.SendWithAck(now, victim.Gossip, membership.DatagramChannel, b) || !answer && c.Send(now, victim.Gossip, membership.DatagramChannel, b, 0) {
					role.count("datagrams")
				} else {
					role.count("datagrams without a session")
					r.rawSocket.send(victim, b)
				}
			})
		}
	}
	return role
}
