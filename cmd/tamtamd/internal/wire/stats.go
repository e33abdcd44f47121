// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// kindNames are those that frames are counted by. Those of frame.Data are counted by
// channel. A frame inside a Relay or a Relayed is counted for itself, too.
var kindNames = [...]string{
	frame.Hello: "hello", frame.Welcome: "welcome", frame.Refuse: "refuse", frame.Info: "info", frame.Profile: "profile",
	frame.Ack: "ack", frame.Announce: "announce", frame.Relay: "relay", frame.Relayed: "relayed",
	frame.AckData: "reply", frame.Renew: "renew",
}

// traffic counts the frames of each kind, those of frame.Data by channel, and their bytes.
type traffic struct {
	sent, sentBytes, received, receivedBytes [len(kindNames)]uint64
}

func (t *traffic) out(k frame.Kind, ch Channel, size int) {
	i := slot(k, ch)
	t.sent[i]++
	t.sentBytes[i] += uint64(size)
}

func (t *traffic) in(k frame.Kind, ch Channel, size int) {
	i := slot(k, ch)
	t.received[i]++
	t.receivedBytes[i] += uint64(size)
}

// slot is where a frame is counted.
func slot(k frame.Kind, ch Channel) int {
	if k == frame.Data {
		return int(k) + int(ch)
	}
	return int(k)
}

// Traffic is how much was sent and received of one kind of frame. Bytes are those of the
// frames, encrypted or not, without the headers of UDP and IP.
type Traffic struct {
	Kind                                     string
	Sent, SentBytes, Received, ReceivedBytes uint64
}

// Traffic returns the traffic of each kind of frame, in the order of the kinds.
func (c *Core) Traffic() []Traffic {
	t := &c.traffic
	all := make([]Traffic, 0, len(kindNames))
	for k, name := range kindNames {
		if k >= int(frame.Data) && k < int(frame.AckData) {
			name = c.info(Channel(k - int(frame.Data))).Name
		}
		if name != "" {
			all = append(all, Traffic{name, t.sent[k], t.sentBytes[k], t.received[k], t.receivedBytes[k]})
		}
	}
	return all
}

// Link is what is measured of the link to another node: the one type for it, up to the
// formats that leave the program. The counts start with the session.
type Link struct {
	Addr      netip.AddrPort
	RoundTrip time.Duration // smoothed; 0 when it is not known
	// Via is the relay that frames to it go by; invalid if they go directly.
	Via netip.AddrPort
	// Sent are the frames that ask for an acknowledgement, each counted once; Resent is
	// the number of retransmissions. Both are of Window, the time up to the measurement,
	// or, when that is 0, of the session so far.
	Sent, Resent uint64
	Window       time.Duration
	// RecentFrames are the frames that were sent in the last one to two minutes, RecentLost the
	// transmissions of them that were lost; see Loss.
	RecentFrames, RecentLost uint64
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

// Loss returns the share of transmissions that were lost recently, 0 to 1; false if too few frames
// were sent to know. See arq.Loss.
func (l Link) Loss() (share float64, known bool) { return arq.Loss(l.RecentFrames, l.RecentLost) }

// Links returns the links of all open sessions, in no order.
func (c *Core) Links(now time.Time) []Link {
	c.advance(now)
	all := make([]Link, 0, len(c.peers))
	for a, p := range c.peers {
		if !p.open() {
			continue
		}
		t := p.link.Traffic()
		l := Link{
			Addr: a, Via: p.via, RoundTrip: p.link.RoundTrip(),
			Sent: t.Sent, Resent: t.Retransmitted, Received: t.Received, Duplicates: t.Duplicates,
			Source: p.source, Heard: c.now.Sub(p.link.Heard()),
		}
		l.RecentFrames, l.RecentLost = p.link.Recent(c.now)
		if since := p.link.Unacked(); !since.IsZero() {
			l.Unacked = c.now.Sub(since)
		}
		all = append(all, l)
	}
	return all
}

// RoundTrip returns the smoothed round trip to a node; 0 when it is not known. It
// is that of frames that were answered at once, so no AckDelay is in it.
func (c *Core) RoundTrip(a netip.AddrPort) time.Duration {
	if p := c.peers[a]; p != nil {
		return p.link.RoundTrip()
	}
	return 0
}

// Loss returns the share of transmissions to a node that were lost in the last one to two
// minutes, 0 to 1, and of how many frames; see arq.Loss. It is not known without a session, and
// of too few frames.
func (c *Core) Loss(now time.Time, a netip.AddrPort) (share float64, frames uint64, known bool) {
	if !c.Has(a) {
		return 0, 0, false
	}
	frames, lost := c.peers[a].link.Recent(now)
	share, known = arq.Loss(frames, lost)
	return share, frames, known
}

// Network returns the share of transmissions to all nodes that were lost in the last one to two
// minutes, 0 to 1, whether it is known, and what most round trips to them do not exceed, 0 when that is
// not known. What is sent to a node that has ended does not count as lost; see arq.Shared.
func (c *Core) Network(now time.Time) (loss float64, known bool, roundTrip time.Duration) {
	loss, known = c.shared.Loss(now)
	return loss, known, c.shared.RoundTrip()
}

// Counters adds what was counted to m.
func (c *Core) Counters(m map[string]uint64) {
	n := &c.shared.Counts
	c.counts.Put(countRetransmitted, n.Retransmitted)
	c.counts.Put(countSpurious, n.Spurious)
	c.counts.Put(countDeferred, n.Deferred)
	c.counts.Put(countAbandoned, n.Abandoned)
	c.counts.Put(countHeld, n.Held)
	c.counts.Put(countExpired, n.Expired)
	c.counts.Put(countOverflowed, n.Overflowed)
	c.counts.Put(countAckDataRetransmitted, n.AckDataRetransmitted)
	c.counts.Put(countSessions, uint64(len(c.peers)))
	byRelay := uint64(0)
	for _, p := range c.peers {
		if p.via.IsValid() {
			byRelay++
		}
	}
	c.counts.Put(countByRelay, byRelay)
	c.counts.Put(countSessionsPaired, c.pairs())
	c.counts.Counters(m)
	for _, t := range c.Traffic() {
		if t.Sent > 0 {
			m["frames_"+t.Kind] = t.Sent
		}
	}
}
