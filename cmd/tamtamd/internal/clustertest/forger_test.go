// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// forgerRole is a member that sends well-formed broadcast messages of streams that are not
// its own, and digests, wants and gones of any. What it does not do is to go on with the
// stream of a member that lives, which any member can, and nobody would notice:
// messages are not signed by their origins.
func forgerRole(t testing.TB, a *attacker, victim *Daemon) *role {
	r := newRogue(t, victim)
	Eventually(t, "the session is open", r.isUp)
	role := &role{name: "a forger", own: r.addr, stop: func() { _ = r.conn.Close() }}
	role.send = func() {
		if role.sent%sessionLife == sessionLife-1 {
			r.open()
		}
		var session uint64
		ok := false
		r.do(func(c *wire.Core, _ time.Time) { session = c.Session() })
		kind, body := a.message(r.addr, session)
		r.do(func(c *wire.Core, now time.Time) {
			ok = c.Send(now, victim.Gossip, membership.BroadcastChannel, body, 0)
		})
		if ok {
			role.count(kind)
			return
		}
		// Too much is under way: what is in a session without being asked for.
		role.count(kind + " at once")
		r.rawSocket.send(victim, r.inSession(kindMessage, body).bytes())
	}
	return role
}

// message returns one of a stream that is nobody's, or the forger's own, as package
// broadcast draws them.
func (a *attacker) message(own netip.AddrPort, session uint64) (kind string, b []byte) {
	stream := func(b []byte) []byte {
		if a.r.IntN(2) == 0 {
			return binary.BigEndian.AppendUint64(appendAddress(b, own), session)
		}
		return binary.BigEndian.AppendUint64(appendAddress(b, a.address()), a.r.Uint64N(64))
	}
	number := func(b []byte) []byte { return binary.BigEndian.AppendUint64(b, a.counter()) }
	switch a.r.IntN(6) {
	case 0:
		b = []byte{2, byte(a.r.IntN(4))}
		for range a.r.IntN(33) {
			b = number(stream(b))
		}
		return "digests", b
	case 1:
		return "wants", binary.BigEndian.AppendUint16(number(stream([]byte{3})), uint16(a.r.Uint32()))
	case 2:
		return "gones", number(stream([]byte{4}))
	case 3:
		return "nonsense", a.noise(wire.MaxData)
	}
	b = number(stream([]byte{1 + 4*byte(a.r.IntN(2))}))
	b = binary.BigEndian.AppendUint64(b, a.r.Uint64()) // when it was sent
	topic := []byte("forged")
	if a.r.IntN(4) == 0 {
		topic = a.noise(70)
	}
	b = append(append(b, byte(len(topic))), topic...)
	return "messages", append(b, a.noise(400)...)
}

// sealedNoise sends a sealed daemon what roles send the open one, and what looks sealed.
func sealedNoise(t testing.TB, a *attacker, victim *Daemon, capture func() []packet) *role {
	s := newRawSocket(t)
	_, wrong := NewKey(t)
	shadow := newShadow(t, wrong, []*Daemon{victim, {Gossip: a.members[1]}})
	role := &role{name: "noise for a sealed one", stop: func() { _ = s.conn.Close() }, by: map[string]int{}}
	seen := capture()
	role.send = func() {
		switch a.r.IntN(4) {
		case 0:
			role.count("bare")
			s.send(victim, a.next())
		case 1:
			role.count("noise that says it is sealed")
			f := rawFrame{kind: randomKind(a.r) | sealedBit, session: a.r.Uint64(), tag: a.r.Uint64(), counter: a.counter()}
			f.payload = a.noise(1171)
			s.send(victim, f.bytes())
		case 2:
			role.count("another key")
			s.send(victim, shadow.next())
		default:
			role.count("mutants")
			b := slices.Clone(seen[a.r.IntN(len(seen))].b)
			for range rand.IntN(4) + 1 {
				b[a.r.IntN(len(b))] ^= 1 << a.r.IntN(8)
			}
			s.send(victim, b)
		}
	}
	return role
}
