// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// helps takes the PINGREQ of a member about another that has a session: see detect.Help.
// Smudge hears what else it says, in an ACK.
func (c *Core) helps(p *peer, d datagram.Datagram, pass datagram.Mask, now time.Time) {
	if c.help.Asked(detect.Request{Asker: p.addr, Target: d.Entry(0).Addr, Code: d.Heartbeat()}, c.cfg.MinPing, now) {
		c.count(countHelps)
		c.wake(now)
	} else {
		c.count(countIgnoredHelp)
	}
	var news []datagram.Entry
	for i := 1; i < d.Len(); i++ {
		if pass.Has(i) {
			news = append(news, d.Entry(i))
		}
	}
	if len(news) > 0 {
		c.tellEngine(p, news...)
	}
}

// tellEngine gives Smudge entries as a member's word.
func (c *Core) tellEngine(p *peer, entries ...datagram.Entry) {
	b := datagram.Compose(c.family, datagram.Ack, p.addr.Port(), 0, entries)
	if d, fault := datagram.Parse(b, c.family); fault == "" {
		pass := datagram.Mask(0)
		for i := range entries {
			pass = pass.With(i)
		}
		c.emit(EngineDeliver{p.addr, d, pass})
	}
}

// answerFor answers those who asked this node to ping a member that was heard of.
func (c *Core) answerFor(p *peer) {
	for _, r := range c.help.Heard(p.addr) {
		if c.HasSession(r.Asker) {
			// The entry tells it from an answer to a ping of the same heartbeat. It is too
			// old for Smudge to heed. Its source is the relay by which this node reaches the member, if
			// it does so: then this node cannot relay.
			lives := datagram.Entry{Status: datagram.Alive, Addr: r.Target, Source: p.via}
			b := datagram.Compose(c.family, datagram.Ack, c.cfg.Self.Addr.Port(), r.Code, []datagram.Entry{lives})
			c.send(r.Asker, b, false)
		}
	}
}

// greetForOthers greets the members that others ask about.
func (c *Core) greetForOthers(now time.Time) time.Time {
	greet, next := c.help.Tick(now)
	for _, a := range greet {
		c.emit(Greet{a})
	}
	return next
}
