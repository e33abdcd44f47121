// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"
)

// traffic counts the frames of each kind, those of kindData by channel, and their bytes.
type traffic struct {
	sent, sentBytes, received, receivedBytes [len(kindNames)]uint64
}

func (t *traffic) out(k kind, ch Channel, size int) {
	i := slot(k, ch)
	t.sent[i]++
	t.sentBytes[i] += uint64(size)
}

func (t *traffic) in(k kind, ch Channel, size int) {
	i := slot(k, ch)
	t.received[i]++
	t.receivedBytes[i] += uint64(size)
}

// slot is where a frame is counted.
func slot(k kind, ch Channel) kind {
	if k == kindData {
		return k + kind(ch)
	}
	return k
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
		if ch := Channel(k - int(kindData)); k >= int(kindData) && k < int(kindAckData) {
			name = c.info(ch).Name
		}
		if name != "" {
			all = append(all, Traffic{name, t.sent[k], t.sentBytes[k], t.received[k], t.receivedBytes[k]})
		}
	}
	return all
}

// loss counts the frames of one session that tell of loss.
type loss struct{ sent, resent, received, duplicates uint64 }

// Link is what is known of the way to another node. The counts are those of the
// session, and begin anew with it.
type Link struct {
	Addr      netip.AddrPort
	RoundTrip time.Duration // smoothed; 0 when it is not known
	// Sent are the frames that ask to be acknowledged, each counted once; Resent is how
	// often one of them was sent again.
	Sent, Resent uint64
	// Received are the frames that came in; Duplicates, not among them, those that
	// had come in before.
	Received, Duplicates uint64
}

// Links returns the links of all open sessions, in no order.
func (c *Core) Links() []Link {
	all := make([]Link, 0, len(c.peers))
	for a, p := range c.peers {
		if p.up && !p.closed {
			l := &p.loss
			all = append(all, Link{a, p.trip.smoothed, l.sent, l.resent, l.received, l.duplicates})
		}
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
	e.do(func(c *Core, _ time.Time) { all = c.Links() })
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
