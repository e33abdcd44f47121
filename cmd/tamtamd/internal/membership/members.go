// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// peer is what the core knows of a member: one session of a node, or a plain
// Smudge node from one admission to its end. Another session is another peer. What may hold together:
//
//	status     listed                      accused         in reconnect
//	Alive      yes                         maybe           no
//	Suspected  yes                         maybe           yes, unless plain
//	Dead       until Smudge forgets it     until confirmed yes
//	Left       no                          no              for a while
//
// When all outputs have been carried out, Smudge knows the member if and only if it is
// listed, and the table has it with this status and session.
type peer struct {
	addr     netip.AddrPort
	life     uint64 // differs from one peer to the next
	info     member.Info
	by       netip.AddrPort // the reporter of the status
	via      netip.AddrPort // the member that relays what is sent to it; invalid: none. Changed by members.route only
	heard    time.Time      // when a datagram of it last came in; changed by members.heard only
	changed  time.Time      // when it took its status
	admitted time.Time      // when it, or the session before it there, became a member
	lapse    *lapse         // nil of most
	clock    uint32         // its logical clock when it last showed it; 0 for not yet
	status   member.Status  // changed by members.set only
	why      member.Reason  // of the status, if it is not live
	checks   uint8          // how often it was asked whether it is of use
	upgrade  uint8          // hellos yet to try on it, if it is plain
	proven   bool           // it has just answered: its clock may be far ahead
	listed   bool           // Smudge knows it
	known    bool           // see admission.Newcomer
	asked    bool           // it has asked for the members while it was dead
	// askedSome: it was asked for the records of some members, and has not sent them.
	askedSome bool
	spread    bool // others believe it suspected or dead, too
	unasked   bool // it is among strangers.unasked
	// learned: this node knows it as dead only, from others.
	learned bool
}

// lapse is what is noted of a peer that has not been alive all the time, or that others say ended.
// It is apart, since a node of a large cluster has thousands of peers, and few are so.
type lapse struct {
	since   time.Time // since when it is dead, as others are told
	greeted time.Time // when it was last greeted because it spoke although it is dead
	// profileAsked is when others were last asked what it said of itself, as it is dead and not known.
	profileAsked time.Time
	// leftBy is the member that says that it has left, although it is live here; invalid if
	// none does, or it was heard since.
	leftBy netip.AddrPort
	// tell are those to whom must be sent what Smudge says of it next.
	tell []netip.AddrPort
}

// lapsed returns what is noted of such a peer, to be changed.
func (p *peer) lapsed() *lapse {
	if p.lapse == nil {
		p.lapse = &lapse{}
	}
	return p.lapse
}

// noted is lapsed of a peer of which nothing will be changed.
func (p *peer) noted() lapse {
	if p.lapse == nil {
		return lapse{}
	}
	return *p.lapse
}

// members are the peers. They are ordered by address, so that a replay does the same. What is
// done again and again is not done by a look at all of them: those about whom something has to be
// done are kept by themselves, and brought up to date when a peer changes.
type members struct {
	byAddr   map[netip.AddrPort]*peer
	sorted   []*peer
	looked   int           // how many peers were looked at one after the other, for a test
	live     int           // how many are live
	speaking int           // how many of them have sessions
	digest   spread.Digest // of the live ones
	lives    uint64
	census   admission.Census

	pings     *detect.Pings // has the live ones
	strangers strangers
	relayed   []*peer                        // those that are reached by a relay, by address
	upgrades  []*peer                        // plain ones that may be more; some may be none any more
	ends      deadline.Queue[netip.AddrPort] // when something must be done about one that has ended
	endsAfter time.Duration                  // how long after its end that is at first
}

func newMembers(pings *detect.Pings, endsAfter time.Duration, random *rand.Rand) members {
	return members{
		byAddr: make(map[netip.AddrPort]*peer), census: admission.NewCensus(), pings: pings, endsAfter: endsAfter,
		strangers: strangers{unasked: unasked{random: random}},
	}
}

func (m *members) get(a netip.AddrPort) *peer { return m.byAddr[a] }

func (m *members) len() int { return len(m.sorted) }

// find returns where a member is in the order, or would be.
func (m *members) find(a netip.AddrPort) int {
	i, _ := slices.BinarySearchFunc(m.sorted, a, func(p *peer, a netip.AddrPort) int { return p.addr.Compare(a) })
	return i
}

// put adds a peer in place of the one at its address, if there is one.
func (m *members) put(p *peer) {
	m.remove(p.addr)
	m.lives++
	p.life = m.lives
	m.byAddr[p.addr] = p
	m.sorted = slices.Insert(m.sorted, m.find(p.addr), p)
	m.count(p, 1)
	m.census.Add(p.addr, p.known)
	m.strangers.note(p)
	if p.via.IsValid() {
		m.relayed = slices.Insert(m.relayed, m.findRelayed(p), p)
	}
	if p.upgrade > 0 {
		m.upgrades = append(m.upgrades, p)
	}
}

// remove removes a member, and returns it; nil if there is none.
func (m *members) remove(a netip.AddrPort) *peer {
	p := m.byAddr[a]
	if p == nil {
		return nil
	}
	m.count(p, -1)
	m.census.Remove(a, p.known)
	m.strangers.remove(p)
	m.ends.Remove(a)
	m.route(p, netip.AddrPort{})
	delete(m.byAddr, a)
	i := m.find(a)
	m.sorted = slices.Delete(m.sorted, i, i+1)
	return p
}

// proved reports whether a peer does not give way to another while it lives: it is known, or was
// heard long enough after it became a member.
func (p *peer) proved() bool { return p.known || p.heard.Sub(p.admitted) >= admission.ProvedAfter }

// set changes the status of a peer.
func (m *members) set(p *peer, s member.Status, by netip.AddrPort, now time.Time) {
	m.count(p, -1)
	p.status, p.by, p.changed, p.why = s, by, now, member.ReasonTo(s)
	m.count(p, 1)
	m.strangers.note(p)
}

// count counts a peer if it is live.
func (m *members) count(p *peer, n int) {
	if !p.status.Live() {
		if n > 0 {
			m.ends.Set(p.addr, p.changed.Add(m.endsAfter))
		}
		return
	}
	m.live += n
	if speaks(p) {
		m.speaking += n
	}
	m.digest = m.digest.Add(p.addr) // or takes it out
	if n > 0 {
		m.pings.Add(p.addr)
		m.ends.Remove(p.addr)
	} else {
		m.pings.Remove(p.addr)
	}
}

// heard notes that something of a peer came in.
func (m *members) heard(p *peer, now time.Time) {
	was := p.proved()
	if p.heard = now; !was {
		m.strangers.note(p)
	}
}

// route notes by which member a peer is reached.
func (m *members) route(p *peer, via netip.AddrPort) {
	i := m.findRelayed(p)
	switch before := p.via.IsValid(); {
	case before && !via.IsValid():
		m.relayed = slices.Delete(m.relayed, i, i+1)
	case !before && via.IsValid():
		m.relayed = slices.Insert(m.relayed, i, p)
	}
	p.via = via
}

func (m *members) findRelayed(p *peer) int {
	i, _ := slices.BinarySearchFunc(m.relayed, p.addr, func(p *peer, a netip.AddrPort) int { return p.addr.Compare(a) })
	return i
}

// all passes all peers, in order. That takes time that grows with their number.
func (m *members) all(yield func(*peer) bool) {
	for _, p := range m.sorted {
		m.looked++
		if !yield(p) {
			return
		}
	}
}

// draws is how many peers are tried before those that are wanted are looked for among all.
const draws = 16

// oneOf returns a peer at random of those that f selects; nil if there is none. If most are
// selected, that takes no look at all of them.
func (m *members) oneOf(random *rand.Rand, f func(*peer) bool) *peer {
	for range min(draws, len(m.sorted)) {
		if p := m.sorted[random.IntN(len(m.sorted))]; f(p) {
			return p
		}
	}
	var some []*peer
	for p := range m.all {
		if f(p) {
			some = append(some, p)
		}
	}
	if len(some) == 0 {
		return nil
	}
	return some[random.IntN(len(some))]
}

// addrs returns the addresses of those members that f selects, in order.
func (m *members) addrs(f func(*peer) bool) []netip.AddrPort {
	all := make([]netip.AddrPort, 0, len(m.sorted))
	for p := range m.all {
		if f(p) {
			all = append(all, p.addr)
		}
	}
	return all
}

// isLive selects all live members, speaks those of them that have sessions.
func isLive(p *peer) bool { return p.status.Live() }
func speaks(p *peer) bool { return p.status.Live() && !p.info.Plain() }
