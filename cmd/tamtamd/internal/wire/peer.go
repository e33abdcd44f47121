// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// What may be sent again is bounded by what is sent for the first time, so that nodes
// that are short of processor time do not bring each other down by asking again what
// the others have no time to answer. At 30 % loss a frame is sent twice on average.
const (
	resendsPerFrame = 3
	maxBudget       = 4096
	// budgetPerSecond is what there is for a node that sends little.
	budgetPerSecond = 100
)

const (
	// maxFlights bounds the frames to one peer that wait for their
	// acknowledgement; past it the oldest is given up.
	maxFlights = 512
	// maxBulk is how many there may be for more to be sent on a bulk channel.
	maxBulk = 384
	// keptReplies is how many replies to a peer can be sent again.
	keptReplies = 16
	// halfOpen is how long a peer may take to tell who it is.
	halfOpen = 5 * time.Second
	// linger is how long a closed peer is answered yet, so that its last frames
	// are acknowledged.
	linger = 5 * time.Second
	// renewAfter is after how many tries without a word from a peer it is greeted
	// again: it may have begun a new session. renewEvery is the least time
	// between two such greetings.
	renewAfter = 4
	renewEvery = time.Second
)

// peer is one session with another node.
type peer struct {
	addr    netip.AddrPort // who it is, and where frames go
	session uint64
	tx      uint64    // the tag it wants to see
	rx      [2]uint64 // tags it may bear: the present and the last one
	nonce   uint64    // of our hello, if it came to the session by it
	number  uint64    // which opening of ours this is
	opening uint64    // and which of the peer's; 0 before it has told
	info    Info
	// up: it has told who it is; informed: since this state of it was made.
	up, informed bool
	until        time.Time // when it is dropped, if it is half open or closed
	next         time.Time // when it is ticked; not after anything is due
	closed       bool
	heard        time.Time
	renewed      time.Time

	counter uint64 // of the last frame that was made for it
	window  window
	// profiledBy is the counter of the frame that last brought its profile; told is the
	// profile that our info to it brought.
	profiledBy uint64
	told       string
	rtt        rtt // of all frames, acknowledged at once or after a while
	trip       rtt // of those that were answered at once
	// resent are the last frames that were sent more than once and acknowledged.
	resent  [16]uint32
	resents int
	flights []*flight // by counter
	acks    []uint32  // owed
	ackDue  time.Time
	replies []reply // the last ones, as a ring
	replied int
	loss    loss
	lately  lately
	contact contact
}

// flight is a frame that is sent until it is acknowledged.
type flight struct {
	counter    uint64
	kind       kind
	channel    Channel
	b          []byte
	first, due time.Time
	tries      int
	token      uint64 // of Send; 0 for none
}

// reply is a frame that is sent again when a frame it acknowledges comes again.
type reply struct {
	acks    []uint32
	channel Channel
	b       []byte
}

func (p *peer) accepts(tag uint64) bool { return tag == p.rx[0] || tag == p.rx[1] }

// silent tells whether nothing came back from the peer for several tries.
func (p *peer) silent() bool {
	return slices.ContainsFunc(p.flights, func(f *flight) bool { return f.tries > renewAfter && p.heard.Before(f.first) })
}

// due returns when something is to be done about the peer; the zero time for
// never.
func (p *peer) due() time.Time {
	next := p.until
	if len(p.acks) > 0 {
		next = deadline.Earlier(next, p.ackDue)
	}
	for _, f := range p.flights {
		next = deadline.Earlier(next, f.due)
	}
	return next
}

// send makes a frame, takes the acknowledgements that are owed along, and sends
// it.
func (c *Core) send(p *peer, k kind, ch Channel, payload []byte) {
	acks := p.acks
	if room := (MaxFrame - sealSize - headerSize - len(payload)) / ackSize; len(acks) > room {
		acks = acks[:max(room, 0)]
	}
	b := make([]byte, 0, headerSize+ackSize*len(acks)+len(payload))
	b = append(appendHeader(b, k, ch, c.session, p.tx, c.nextCounter(&p.counter), acks), payload...)
	switch {
	case k.acknowledged():
		if len(p.flights) >= maxFlights {
			p.flights = slices.Delete(p.flights, 0, 1)
			c.count("frames_overflowed")
		}
		c.budget = min(c.budget+resendsPerFrame, maxBudget)
		p.loss.sent++
		p.lately.at(c.now).first++
		f := &flight{counter: p.counter, kind: k, channel: ch, b: b, first: c.now, tries: 1}
		f.due = c.now.Add(p.rtt.timeout(c.cfg.Timing))
		p.flights = append(p.flights, f)
		c.wake(p, f.due)
	case k == kindAckData:
		r := reply{slices.Clone(acks), ch, b}
		if len(p.replies) < keptReplies {
			p.replies = append(p.replies, r)
		} else {
			p.replies[p.replied%keptReplies] = r
		}
		p.replied++
	}
	p.acks = p.acks[len(acks):]
	if len(p.acks) == 0 {
		p.acks = nil
		c.idle(p)
	}
	c.output(p.addr, k, ch, b)
}

// acknowledge owes the peer an acknowledgement, to ride on what is sent within
// AckDelay.
func (c *Core) acknowledge(p *peer, counter uint64, now bool) {
	if len(p.acks) == 0 {
		p.ackDue = c.now.Add(c.cfg.Timing.AckDelay)
		c.wake(p, p.ackDue)
	}
	p.acks = append(p.acks, uint32(counter))
	if now || len(p.acks) >= maxAcks {
		c.send(p, kindAck, 0, nil)
	}
}

// again answers a frame that had arrived before: with the reply that
// acknowledged it, or an acknowledgement.
func (c *Core) again(p *peer, counter uint64) {
	for _, r := range p.replies {
		if slices.Contains(r.acks, uint32(counter)) {
			if c.budget < 1 { // whoever repeats what he captured gets no more out of us than that
				c.count("frames_not_resent")
				return
			}
			c.budget--
			c.count("replies_resent")
			c.output(p.addr, kindAckData, r.channel, r.b)
			return
		}
	}
	c.acknowledge(p, counter, true)
}

// acked ends the flight of a frame, which a frame of the kind acknowledges.
func (c *Core) acked(p *peer, counter uint32, by kind) {
	for i, f := range p.flights {
		if uint32(f.counter) != counter {
			continue
		}
		p.contact.acked(c.now)
		// What bears the acknowledgement may itself have been sent again: then this tells
		// of the loss of its first try, and not of the round trip.
		took := c.now.Sub(f.first)
		if f.tries == 1 && (by == kindAck || took < c.cfg.Timing.FirstTimeout) {
			p.rtt.sample(took)
			if by == kindAckData || by == kindInfo {
				p.trip.sample(took)
			}
		}
		if f.tries > 1 {
			p.resent[p.resents%len(p.resent)] = counter
			p.resents++
		}
		if f.token != 0 {
			c.emit(Event{Kind: Acked, Addr: p.addr, Session: p.session, Channel: f.channel, Token: f.token})
		}
		p.flights = slices.Delete(p.flights, i, i+1)
		c.idle(p)
		return
	}
	if !by.acknowledged() && slices.Contains(p.resent[:min(p.resents, len(p.resent))], counter) {
		c.count("frames_resent_in_vain")
		p.rtt.vain() // the acknowledgement before this one was of the first try, and late
	}
}

// idle spares a peer its tick when nothing is left to do about it. While there is
// something, a tick too early does no harm.
func (c *Core) idle(p *peer) {
	if len(p.flights)+len(p.acks) == 0 {
		c.settle(p)
	}
}

// tick does what is due about a peer. It returns false when the peer is to be
// dropped.
func (c *Core) tick(p *peer) bool {
	if !p.until.IsZero() && !p.until.After(c.now) {
		return false
	}
	if len(p.acks) > 0 && !p.ackDue.After(c.now) {
		c.send(p, kindAck, 0, nil)
	}
	timeout := p.rtt.timeout(c.cfg.Timing)
	p.flights = slices.DeleteFunc(p.flights, func(f *flight) bool {
		if c.now.Sub(f.first) >= c.cfg.Timing.Lifetime {
			c.count("frames_expired")
			p.contact.expired(f.first)
			return true
		}
		if f.due.After(c.now) {
			return false
		}
		if c.budget < 1 {
			c.count("frames_not_resent")
			f.due = c.now.Add(timeout)
			return false
		}
		c.budget--
		f.tries++
		f.due = c.now.Add(c.cfg.Timing.wait(timeout, f.tries))
		c.count("frames_resent")
		p.loss.resent++
		p.lately.at(c.now).again++
		c.output(p.addr, f.kind, f.channel, f.b)
		return false
	})
	if !p.closed && p.silent() && c.now.Sub(p.renewed) >= renewEvery {
		p.renewed = c.now
		c.Greet(c.now, p.addr)
	}
	return true
}
