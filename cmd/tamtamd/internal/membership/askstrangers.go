// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

const (
	// crowdedFrom is how many strangers that were never of use make an open cluster crowded, and
	// crowdedUntil how few end that. Fewer of them are found dead by pings soon enough, and in
	// small clusters nobody is asked without a need. Those that died are kept for
	// deadStranger, since a part of the cluster may be cut off; from hugeFrom on, only as long as all need to find
	// them dead, and to see it.
	crowdedFrom, crowdedUntil = 64, 8
	hugeFrom                  = 512
	deadStranger              = 10 * time.Minute
	deadStrangerOfMany        = 30 * time.Second
	// strangerChecks is how many times each is asked at least, maxStrangerChecks at most, and strangerWait the
	// time between: in a lossy network, a few questions prove nothing.
	strangerChecks, maxStrangerChecks = 3, 25
	strangerWait                      = 2 * time.Second
	// strangersTime is over how many turns, each of a careInterval, the first question to each of them
	// is spread. With those of a cluster that has just begun, which all answer, that is no load.
	strangersTime = 60
)

// askStrangers asks the strangers of an open cluster that were not heard since they became
// members, if there are many, and gives up those that do not answer. Else it would take as long
// as pings need for that many deaths, which others have to confirm, and then they would be kept as
// dead members.
func (c *Core) askStrangers(now time.Time) {
	unproved := c.members.strangers.len()
	crowded := unproved > crowdedFrom || c.crowd > 0 && unproved > crowdedUntil
	if !crowded || !c.open() {
		c.crowd = 0
		return
	}
	c.crowd = max(c.crowd, unproved)
	wait := strangerWait * time.Duration(c.slow)
	// Twice as many as for one that is found dead: 1 in 1,000 of them would be some in a large cluster, and nobody
	// else confirms it.
	checks := min(max(strangerChecks, 2*c.awareness.Asks(1)), maxStrangerChecks)
	others := 1 + c.crowd/strangersTime
	asks, givenUp := checks*others, 0
	keepDead := deadStranger
	if c.crowd > hugeFrom {
		keepDead = deadStrangerOfMany
	}
	for _, p := range c.members.strangers.due(others, now) {
		switch {
		case p.status == member.Dead && now.Sub(p.changed) < keepDead:
			c.members.strangers.again(p, now.Add(wait))
		case int(p.checks) >= checks:
			givenUp++
			c.giveUpStranger(p)
		case asks > 0:
			asks--
			p.checks++
			c.members.strangers.again(p, now.Add(wait))
			c.askStranger(p)
		default:
			c.members.strangers.again(p, now)
		}
	}
	if givenUp > 0 {
		c.log(level.WarnValue(), "msg", "members given up that have not answered since they joined", "count", givenUp, "left", unproved-givenUp)
	}
}

// strangers are the peers that are not proved and have not left, with when they may be asked. So
// a look at all members is spared.
type strangers struct {
	unasked unasked
	asked   deadline.Queue[*peer]
	learned int // those of them that are known as dead only, from others
}

// unasked are those that were never asked, by the turn in which they are: one of the strangersTime turns
// that follow the time from which on an answer is of use. Which one is chance: a node that joins, and of which all
// others hear at once, would else be asked by all of them in one second, and be late for all else if it is slow.
// After a join these are all members. Some of the lists may be none any more.
type unasked struct {
	turns  [firstTurn + strangersTime][]*peer // a ring
	turn   int                                // the next one's place in it
	len    int
	listed int // in all lists, those that are none any more included
	random *rand.Rand
}

// firstTurn is how many turns after it has become a member a stranger is asked at the earliest.
const firstTurn = int(admission.ProvedAfter / careInterval)

func (u *unasked) list(turn int) *[]*peer { return &u.turns[turn%len(u.turns)] }

func (u *unasked) add(p *peer) {
	if u.listed > 2*u.len+unaskedSlack {
		u.compact()
	}
	p.unasked = true
	list := u.list(u.turn + firstTurn + u.random.IntN(strangersTime))
	*list = append(*list, p)
	u.len++
	u.listed++
}

// compact leaves each that was never asked in the lists once.
func (u *unasked) compact() {
	u.listed = 0
	for i := range u.turns {
		u.turns[i] = slices.DeleteFunc(u.turns[i], func(p *peer) bool {
			over := !p.unasked
			p.unasked = false
			return over
		})
		u.listed += len(u.turns[i])
	}
	for _, list := range u.turns {
		for _, p := range list {
			p.unasked = true
		}
	}
}

// unaskedSlack is how many may be in the lists that are none any more, beside as many as there are.
const unaskedSlack = 64

func (u *unasked) remove(p *peer) {
	if !p.unasked {
		return
	}
	p.unasked = false
	if u.len--; u.len == 0 {
		clear(u.turns[:])
		u.listed = 0
	}
}

// take takes those whose turn it is, n at most. The others are the first in the next turn.
func (u *unasked) take(n int, now time.Time) (taken []*peer) {
	var rest []*peer
	for _, p := range *u.list(u.turn) {
		switch {
		case !p.unasked:
		case len(taken) == n || p.admitted.Add(admission.ProvedAfter).After(now):
			rest = append(rest, p)
		default:
			u.remove(p)
			taken = append(taken, p)
		}
	}
	list := u.list(u.turn)
	u.listed += len(rest) - len(*list)
	*list = nil
	u.turn++
	next := u.list(u.turn)
	*next = append(rest, *next...)
	return taken
}

// len returns how many there are but those that are known as dead only: of a cluster that has lost
// many, they are all that is left.
func (s *strangers) len() int { return s.unasked.len + s.asked.Len() - s.learned }

func (s *strangers) has(p *peer) bool { return p.unasked || !s.asked.At(p).IsZero() }

// note takes how a peer is now.
func (s *strangers) note(p *peer) {
	if p.proved() || p.status == member.Left {
		s.remove(p)
	} else if !s.has(p) {
		s.unasked.add(p)
		s.count(p, 1)
	}
}

func (s *strangers) count(p *peer, n int) {
	if p.learned {
		s.learned += n
	}
}

func (s *strangers) remove(p *peer) {
	if s.has(p) {
		s.count(p, -1)
	}
	s.unasked.remove(p)
	s.asked.Remove(p)
}

// due takes those that are due: all that were asked before, who come first, and so many others.
func (s *strangers) due(others int, now time.Time) []*peer {
	due := s.asked.AppendDue(nil, now)
	due = append(due, s.unasked.take(others, now)...)
	for _, p := range due {
		s.count(p, -1)
	}
	return due
}

// again has a peer that was due be due at another time.
func (s *strangers) again(p *peer, at time.Time) {
	s.asked.Set(p, at)
	s.count(p, 1)
}

func (c *Core) giveUpStranger(p *peer) {
	c.unlist(p.addr, c.cfg.Self.Addr, member.GivenUp)
	c.count(countStrangersGivenUp)
	c.emit(CloseSession{p.addr})
	if p.listed {
		c.emit(EngineRemove{p.addr})
	}
}

func (c *Core) askStranger(p *peer) {
	if p.info.Plain() {
		c.emit(SendBare{p.addr, datagram.AppendBare(nil, datagram.Ping, c.cfg.Self.Addr.Port(), c.ProbeHeartbeat())})
		return
	}
	c.emit(Greet{p.addr})
}

// Keeps reports whether the address of a member is worth keeping for a restart: in a crowd, those
// of strangers that were never of use are not.
func (c *Core) Keeps(a netip.AddrPort) bool {
	p := c.members.get(a)
	return p == nil || c.crowd == 0 || p.proved()
}
