// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// A node that was late by stallTime stood still. What others say in the next stalledTime may have
// waited in its receive buffer, and is not believed unasked.
const (
	stallTime   = 500 * time.Millisecond
	stalledTime = time.Second
)

// others returns the live members with sessions but one.
func (c *Core) others(but *peer) []netip.AddrPort {
	return c.members.addrs(func(p *peer) bool { return p != but && speaks(p) })
}

// askers returns the members, this node perhaps among them, that confirm what a finder says
// of another, and the index of this node; -1 if it is none of them.
func (c *Core) askers(p *peer, finder netip.AddrPort) (askers []netip.AddrPort, own int) {
	count := 1 + c.members.speaking // this node, and the members but the accused
	if speaks(p) {
		count--
	}
	all := func(yield func(netip.AddrPort) bool) {
		if yield(c.cfg.Self.Addr) {
			c.pings.Members(yield)
		}
	}
	speaks := func(a netip.AddrPort) bool { return a == c.cfg.Self.Addr || c.HasSession(a) }
	askers = detect.Askers(p.addr, p.info.Session, finder, all, count, speaks)
	return askers, slices.Index(askers, c.cfg.Self.Addr)
}

func (c *Core) isAsker(p *peer, finder netip.AddrPort) bool {
	_, own := c.askers(p, finder)
	return own >= 0
}

// audience returns whom this node tells that a member is suspected or dead: the finder tells
// the askers, and they tell the finder and all others, each its part.
func (c *Core) audience(p *peer) []netip.AddrPort {
	askers, own := c.askers(p, p.by)
	switch {
	case p.by == c.cfg.Self.Addr:
		return askers
	case own < 0:
		return nil
	}
	return c.members.addrs(func(m *peer) bool {
		return m != p && speaks(m) && (m.addr == p.by || detect.ToldBy(m.addr, p.info.Session, own, len(askers)))
	})
}

// untold returns the members that the silent askers have not told.
func (c *Core) untold(p *peer, f detect.Finding) []netip.AddrPort {
	return slices.DeleteFunc(c.others(p), func(m netip.AddrPort) bool {
		for i, a := range f.Askers {
			if slices.Contains(f.Silent, a) && detect.ToldBy(m, p.info.Session, i, len(f.Askers)) {
				return false
			}
		}
		return true
	})
}

func (c *Core) addNews(e datagram.Entry, to []netip.AddrPort) {
	if !c.news.Add(e, to) {
		c.count(countNewsDropped)
	}
}

// isNews reports whether a datagram is made of News, not by Smudge.
func isNews(d datagram.Datagram) bool { return d.Verb() == datagram.Ack && d.Heartbeat() == 0 }

// accuse tells the askers of a member that has answered neither Smudge nor this node. They find
// out sooner than Smudge's requests to its helpers time out; what they find comes back as news.
func (c *Core) accuse(p *peer, now time.Time) {
	e := datagram.Entry{Status: datagram.Dead, Addr: p.addr, Heartbeat: c.clock.Now(), Source: c.cfg.Self.Addr}
	askers, _ := c.askers(p, c.cfg.Self.Addr)
	if len(askers) > 0 && c.findings.Told(e, askers, &c.awareness, now) {
		c.addNews(e, askers)
		c.wake(now)
	}
}

// answerFinding takes what a member says of another that this node may have accused.
func (c *Core) answerFinding(from netip.AddrPort, p *peer, accuses bool) {
	if !accuses {
		c.findings.Forget(p.addr)
		return
	}
	p.spread = true
	c.findings.Confirmed(p.addr, from)
}

// refute tells a finder that what it says of a member was refuted. It asks the member again.
func (c *Core) refute(a detect.Accusation, now time.Time) {
	if a.Role == detect.Asks && a.Reporter == a.Entry.Source {
		// It is too old for Smudge to heed.
		c.addNews(datagram.Entry{Status: datagram.Alive, Addr: a.Entry.Addr}, []netip.AddrPort{a.Reporter})
		c.wake(now)
	}
}
