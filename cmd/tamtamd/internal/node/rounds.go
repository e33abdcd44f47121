// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
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
	// neighbourBeats is every how many heartbeats a node pings its neighbour, the next
	// member by address, beside those that Smudge takes at random. So nobody goes
	// unpinged for longer, however large the cluster: by chance alone one in seven
	// waits for two heartbeats, and one in fifty for four.
	neighbourBeats = 2
	// neighbourFrom is the size of a cluster from which that makes a difference.
	neighbourFrom = 4
	// compareBeats is every how many heartbeats, on average, a node compares its
	// members with another's.
	compareBeats = 30
	// retireBeats is after how many heartbeats Smudge is made to forget a dead
	// member, when the last has heard of it. It would tell of it for ever.
	retireBeats = 60
	// careInterval is how often members are looked through for what takes no
	// hurry.
	careInterval = time.Second
	// alonePatience is how many times longer Smudge waits for a ping in a cluster of
	// two. There is nobody to ask, so one unanswered ping is a death.
	alonePatience = 3
	// upgradeTries is how many times a plain member is greeted as a node, once in
	// careInterval: the hellos that it did not answer may have been lost.
	upgradeTries = 3
)

// suspectedEvery is the time between two greetings of a suspected member. When it
// answers, Smudge is made to ping it, and takes the suspicion back; by itself it would
// get round to that with its next ping, which in a cluster of thirty takes a quarter
// of a minute. One that does not answer is left to Smudge.
const suspectedEvery = 200 * time.Millisecond

// A dead member is greeted every reconnectBase heartbeats by the cluster as a whole
// at first; after reconnectGrows heartbeats the interval grows as the member's absence
// does, up to reconnectMax.
const (
	reconnectBase  = 0.2
	reconnectGrows = 120
	reconnectMax   = 20
)

// rounds are the times of what is done again and again.
type rounds struct {
	neighbour, compare, care time.Time
	revived, news            time.Time // not before then
}

// todo is what is to be done without the lock.
type todo struct {
	ping     netip.AddrPort // the neighbour
	retire   []retirement
	believed []*doubt      // to be told to the engine
	patience time.Duration // of the engine, if it changes
}

// retirement is the end of a life that the engine is to forget.
type retirement struct {
	addr   netip.AddrPort
	life   *peer
	giveUp bool // for good
}

// Run does what is due until ctx is done.
func (n *Node) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		n.turns.Add(1)
		do, next := n.due(time.Now())
		n.do(do)
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case <-n.wake:
		case <-ctx.Done():
			return
		}
	}
}

// do does what is to be done without the lock.
func (n *Node) do(do todo) {
	for _, d := range do.believed {
		n.reveal(d)
	}
	if do.ping.IsValid() {
		n.cfg.Engine.Ping(do.ping)
	}
	for _, r := range do.retire {
		n.retire(r)
	}
	if do.patience != 0 {
		n.setPatience(do.patience)
	}
}

// setPatience changes the engine's patience, or has care try it again.
func (n *Node) setPatience(d time.Duration) {
	err := n.cfg.Engine.SetMinPing(d)
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		n.impatient = false
		return
	}
	n.minPing = 0
	if !n.impatient { // once an outage, not once a try
		_ = level.Warn(n.cfg.Logger).Log("msg", "patience not set, trying on", "err", err)
		n.impatient = true
	}
}

// retire makes the engine forget a member that has ended, and, if it is to be given
// up, the table, too. Nothing happens when it has begun another life meanwhile.
func (n *Node) retire(r retirement) {
	n.changes.Lock()
	defer n.changes.Unlock()
	n.mu.Lock()
	current := n.peers[r.addr] == r.life && r.life.status.Gone()
	if current {
		r.life.listed = false
	}
	if current && r.giveUp {
		if m, ok := n.unlist(r.addr, n.cfg.Local, member.GivenUp); ok {
			_ = level.Info(n.cfg.Logger).Log("msg", "member given up", "address", r.addr, "status", m.Status)
		}
		n.cfg.Wire.CloseSession(r.addr)
	}
	n.mu.Unlock()
	if current {
		n.cfg.Engine.Remove(r.addr)
	}
}

// due does what is due and can be done under the lock, and returns the rest, and
// when to call it next.
func (n *Node) due(now time.Time) (do todo, next time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.leaving {
		return do, now.Add(time.Hour)
	}
	greetings, next := n.candidate.Tick(nil, now)
	for _, g := range greetings {
		n.greet(g)
	}
	believed, t := n.verify(now)
	do.believed = believed
	next = deadline.Earlier(deadline.Earlier(next, t), n.reconnect(now))
	next = deadline.Earlier(next, n.spread(now))
	next = deadline.Earlier(next, n.tellRevived(now))
	if !n.rounds.neighbour.After(now) {
		do.ping = n.neighbour()
		n.rounds.neighbour = now.Add(neighbourBeats * n.heartbeat)
	}
	if !n.rounds.compare.After(now) {
		if !n.rounds.compare.IsZero() {
			n.compare()
		}
		n.rounds.compare = now.Add(around(compareBeats * n.heartbeat))
	}
	if !n.rounds.care.After(now) {
		if !n.rounds.care.IsZero() {
			n.health.look(now.Sub(n.rounds.care))
		}
		n.care(now, &do)
		n.rounds.care = now.Add(careInterval)
	}
	for _, t := range []time.Time{n.rounds.neighbour, n.rounds.compare, n.rounds.care} {
		next = deadline.Earlier(next, t)
	}
	return do, next
}

// around returns a duration of d on average, half to one and a half times as long.
func around(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// greet sends a greeting. mu is held.
func (n *Node) greet(g admission.Greeting) {
	n.count("greetings")
	n.cfg.Wire.Greet(g.To)
	if g.Bare {
		n.cfg.Wire.SendBare(g.To, datagram.AppendBare(nil, datagram.Ping, n.cfg.Local.Port(), g.Heartbeat))
	}
}

// reconnect greets the dead and suspected members whose turn it is, and returns when
// the next is due. mu is held.
func (n *Node) reconnect(now time.Time) (next time.Time) {
	for a, p := range n.peers {
		suspected := p.status == member.Suspected && !p.info.Plain()
		if p.status != member.Dead && !suspected {
			continue
		}
		if !p.retry.After(now) {
			p.retry = now.Add(suspectedEvery)
			if !suspected {
				p.retry = now.Add(n.reconnectIn(p, now))
			}
			// A node that has lost a thousand must not flood the network for them.
			limit := n.returns
			if suspected {
				limit = n.suspects
			}
			if !limit.AllowN(now, 1) {
				next = deadline.Earlier(next, p.retry)
				continue
			}
			if p.info.Plain() {
				n.consider(a, admission.Reason{}, now)
			} else {
				n.cfg.Wire.Greet(a)
			}
		}
		next = deadline.Earlier(next, p.retry)
	}
	return next
}

// reconnectIn returns when a dead member is to be greeted next by this node, which
// shares that with all others that live. mu is held.
func (n *Node) reconnectIn(p *peer, now time.Time) time.Duration {
	beats := reconnectBase * max(1, float64(now.Sub(p.changed))/float64(reconnectGrows*n.heartbeat))
	live := 1
	for _, q := range n.peers {
		if q.status.Live() {
			live++
		}
	}
	return around(time.Duration(min(beats, reconnectMax) * float64(live) * float64(n.heartbeat)))
}

// neighbour returns the next live member by address. mu is held.
func (n *Node) neighbour() netip.AddrPort {
	live := n.live()
	if len(live)+1 < neighbourFrom {
		return netip.AddrPort{}
	}
	slices.SortFunc(live, netip.AddrPort.Compare)
	i, _ := slices.BinarySearchFunc(live, n.cfg.Local, netip.AddrPort.Compare)
	return live[i%len(live)]
}

// care finds the members that have long been dead, and those to be given up since they
// have been for ReconnectTimeout, and sees to plain ones and Smudge's patience. mu is
// held.
func (n *Node) care(now time.Time, do *todo) {
	live := 1
	for a, p := range n.peers {
		ended := now.Sub(p.changed)
		switch {
		case p.status.Live():
			live++
			if p.upgrade > 0 {
				p.upgrade--
				n.cfg.Wire.Greet(a)
			}
		case ended >= n.cfg.ReconnectTimeout:
			do.retire = append(do.retire, retirement{a, p, true})
		case p.listed && ended >= retireBeats*n.heartbeat:
			do.retire = append(do.retire, retirement{a, p, false})
		}
	}
	want := n.cfg.MinPing
	if live == 2 {
		want *= alonePatience
	}
	want *= time.Duration(n.health.factor())
	if want != n.minPing {
		n.minPing, do.patience = want, want
	}
}
