// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"
)

// traffic counts the frames of each kind, and their bytes.
type traffic struct {
	sent, sentBytes, received, receivedBytes [len(kindNames)]uint64
}

func (t *traffic) out(k kind, size int) {
	t.sent[k]++
	t.sentBytes[k] += uint64(size)
}

func (t *traffic) in(k kind, size int) {
	t.received[k]++
	t.receivedBytes[k] += uint64(size)
}

// Traffic is what there was of one kind of frame. Bytes are those of the frames, sealed
// or not, without the headers of UDP and IP.
type Traffic struct {
	Kind                                     string
	Sent, SentBytes, Received, ReceivedBytes uint64
}

// Traffic returns what there was of each kind of frame, in the order of the kinds.
func (c *Core) Traffic() []Traffic {
	t := &c.traffic
	all := make([]Traffic, 0, len(kindNames))
	for k, name := range kindNames {
		if name != "" {
			all = append(all, Traffic{name, t.sent[k], t.sentBytes[k], t.received[k], t.receivedBytes[k]})
		}
	}
	return all
}

// loss counts the frames of one session that tell of loss.
type loss struct{ sent, resent, received, duplicates uint64 }

// Link is what is measured of the way to another node: the one type for it, up to the
// formats that leave the program. The counts begin with the session.
type Link struct {
	Addr      netip.AddrPort
	RoundTrip time.Duration // smoothed; 0 when it is not known
	// Sent are the frames that ask for an acknowledgement, each counted once; Resent is
	// the number of retransmissions. Both are of Window, the time up to the measurement,
	// or, when that is 0, of the session so far.
	Sent, Resent uint64
	Window       time.Duration
	// Received are the frames that came in; Duplicates, not among them, those that
	// had come in before.
	Received, Duplicates uint64
	// Source is where the other's packets come from: another address than Addr when
	// something between rewrites it, as NAT does. Invalid before the first packet.
	Source netip.AddrPort
	// Heard is the time since the last frame of the other.
	Heard time.Duration
	// Unacked is the time for which frames have been sent without any acknowledgement;
	// 0 when none waits. When it is more than Heard, the other's frames come in, and
	// ours do not arrive.
	Unacked time.Duration
}

// Links returns the links of all open sessions, in no order.
func (c *Core) Links(now time.Time) []Link {
	c.advance(now)
	all := make([]Link, 0, len(c.peers))
	for a, p := range c.peers {
		if !p.up || p.closed {
			continue
		}
		l := Link{
			Addr: a, RoundTrip: p.trip.smoothed,
			Sent: p.loss.sent, Resent: p.loss.resent, Received: p.loss.received, Duplicates: p.loss.duplicates,
			Source: p.contact.source, Heard: c.now.Sub(p.heard),
		}
		if t := p.unacked(); !t.IsZero() {
			l.Unacked = c.now.Sub(t)
		}
		all = append(all, l)
	}
	return all
}

// Traffic returns what there was of each kind of frame, as Core.Traffic.
func (e *Endpoint) Traffic() (all []Traffic) {
	e.do(func(c *Core, _ time.Time) { all = c.Traffic() })
	return all
}

// Links returns the links of all open sessions, as Core.Links.
func (e *Endpoint) Links() (all []Link) {
	e.do(func(c *Core, now time.Time) { all = c.Links(now) })
	return all
}

// Poke has Run go round once, soon.
func (e *Endpoint) Poke() { e.deadline(time.Now()) }

// Rounds returns a number that grows when Run goes round: reads a packet, or does
// what is due.
func (e *Endpoint) Rounds() (n uint64) {
	e.do(func(c *Core, _ time.Time) { n = c.ticks })
	return n + e.socket.received.Load()
}
