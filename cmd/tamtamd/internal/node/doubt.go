// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// What others say against a member is doubted for as long as it takes to ask the
// member itself. So one node with a broken link, or a lie, makes nobody suspected
// or dead.
const (
	doubtGreetings = 5
	doubtInterval  = 40 * time.Millisecond
	doubtFor       = doubtGreetings * doubtInterval
)

// silenceBeats is for how many heartbeats a member that did not answer is not asked
// again: what is said against it is believed.
const silenceBeats = 10

// doubt is a suspicion or a death that is not believed yet.
type doubt struct {
	about *peer
	from  netip.AddrPort // who says so
	since time.Time
	entry datagram.Entry
	due   time.Time
	sent  int
}

// doubted tells whether what a member says against another is to be doubted, and
// begins to. It is not when we suspect the other ourselves, or it did not answer
// lately, nor when it is plain: it could not be asked but by a ping, which Smudge
// does. mu is held.
func (n *Node) doubted(from netip.AddrPort, e datagram.Entry, p *peer, now time.Time) bool {
	silent := now.Sub(p.silent) < silenceBeats*n.heartbeat && p.heard.Before(p.silent)
	suspected := p.status == member.Suspected && p.by == n.cfg.Local
	switch {
	case p.info.Plain() || suspected || silent:
		return false
	case p.doubt == nil:
		n.count("doubted")
		p.doubt = &doubt{about: p, from: from, since: now, entry: e, due: now}
		n.poke()
	case e.Status == datagram.Dead && p.doubt.entry.Status != datagram.Dead:
		p.doubt.from, p.doubt.entry = from, e
	}
	return true
}

// cleared ends the doubt about a member that was heard of just now. mu is held.
func (n *Node) cleared(p *peer) {
	if p.doubt != nil && p.doubt.sent > 0 {
		n.count("denied")
		p.doubt = nil
	}
}

// verify greets the members that are in doubt, and returns what is to be believed
// now, and when to call it next. mu is held.
func (n *Node) verify(now time.Time) (believed []*doubt, next time.Time) {
	for a, p := range n.peers {
		d := p.doubt
		if d == nil {
			continue
		}
		if !d.due.After(now) {
			if d.sent == doubtGreetings {
				p.doubt, p.silent = nil, now
				if p.status.Live() && p.listed {
					believed = append(believed, d)
				}
				continue
			}
			d.sent++
			d.due = now.Add(doubtInterval)
			n.cfg.Wire.Greet(a)
		}
		next = deadline.Earlier(next, d.due)
	}
	return believed, next
}

// reveal gives Smudge an entry that was held back, as its reporter's.
func (n *Node) reveal(d *doubt) {
	b := datagram.Compose(n.family, datagram.Ack, d.from.Port(), 0, []datagram.Entry{d.entry})
	if dg, fault := datagram.Parse(b, n.family); fault == "" {
		n.cfg.Engine.Deliver(d.from, dg, &belief{n, d})
	}
}

// belief is a filter that lets a death through if it is still that of the life that
// was asked.
type belief struct {
	n *Node
	d *doubt
}

func (b *belief) MapEntry(e datagram.Entry) (datagram.Entry, bool) {
	b.n.mu.Lock()
	defer b.n.mu.Unlock()
	p := b.n.peers[e.Addr]
	return e, p == b.d.about && p.status.Live() && p.listed && !p.heard.After(b.d.since)
}
