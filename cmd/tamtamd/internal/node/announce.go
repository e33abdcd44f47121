// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// Smudge tells of a suspicion or a death by and by, on what it sends anyway, in
// some five datagrams. Here the news goes to all at once, acknowledged as any
// datagram is, in Smudge's own words: it is made to send one datagram, and what
// that says of the member is what is passed on.
//
//	Smudge ─▶ OnStatus ─▶ prompt ─▶ Smudge ─▶ Outgoing: the entry ─▶ spread

// announceAll is up to how many members all are told by whoever finds out. In a
// larger cluster each that learns it tells 2.5·ln n others, Smudge's own fan-out.
const announceAll = 64

// newsBeats is for how many heartbeats a change is news. Smudge fills its
// datagrams up with members taken at random where there is none.
const newsBeats = 20

// Outgoing tells whether Smudge's word of a member is to be passed on to a node.
func (n *Node) Outgoing(to netip.AddrPort, e datagram.Entry) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	about, p := n.peers[e.Addr], n.peers[to]
	if about == nil || p == nil {
		return false
	}
	if about.announce && memberStatus(e.Status) == about.status {
		about.announce = false
		n.news = append(n.news, e)
		n.poke()
	}
	return p.info.Plain() || time.Since(about.changed) < newsBeats*n.heartbeat
}

// prompt makes Smudge send one datagram now, to a member that is not the one
// given: a ping of heartbeat 0 in the member's name is answered, and changes
// nothing.
func (n *Node) prompt(but netip.AddrPort) {
	n.mu.Lock()
	var to netip.AddrPort
	for a, p := range n.peers {
		if a != but && p.listed && p.status.Live() {
			to = a
			break
		}
	}
	n.mu.Unlock()
	if !to.IsValid() {
		return
	}
	d, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ping, to.Port(), 0), n.family)
	n.cfg.Engine.Deliver(to, d, nobody{})
}

// nobody is a filter for datagrams without entries.
type nobody struct{}

func (nobody) MapEntry(e datagram.Entry) (datagram.Entry, bool) { return e, false }

// newsInterval is waited between two sendings of news: where there is much, it goes
// together.
const newsInterval = 20 * time.Millisecond

// spread sends the news that wait, and returns when to call it next. mu is held.
func (n *Node) spread(now time.Time) time.Time {
	switch {
	case len(n.news) == 0:
		return time.Time{}
	case n.rounds.news.After(now):
		return n.rounds.news
	}
	n.rounds.news = now.Add(newsInterval)
	targets := n.audience()
	for len(n.news) > 0 {
		some := n.news[:min(len(n.news), maxNews)]
		n.news = n.news[len(some):]
		b := datagram.Compose(n.family, datagram.Ack, n.cfg.Local.Port(), 0, some)
		for _, to := range targets {
			n.count("announcements")
			n.cfg.Wire.Send(to, DatagramChannel, b, 0)
		}
	}
	n.news = nil
	return time.Time{}
}

// audience returns the members that are told news: all, or some if there are many.
// mu is held.
func (n *Node) audience() []netip.AddrPort {
	to := slices.DeleteFunc(n.live(), func(a netip.AddrPort) bool { return n.peers[a].info.Plain() })
	if len(to) > announceAll {
		rand.Shuffle(len(to), func(i, j int) { to[i], to[j] = to[j], to[i] })
		to = to[:int(2.5*math.Log(float64(len(to)+1))+0.5)]
	}
	return to
}

// maxNews is how many entries go into one datagram: 41 bytes each with IPv6.
const maxNews = 24
