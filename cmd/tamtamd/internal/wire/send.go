// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// MaxData is the most bytes that a frame of a channel carries beside one acknowledgement.
// MaxRelayedData is the most if it has to reach the nodes, too, that only a relay reaches.
const (
	MaxData        = limits.FrameData
	MaxRelayedData = limits.RelayedData
)

// maxBulk is how many frames of bulk channels may be in flight to a node: fewer than
// arq.MaxInFlight, so that there is room for others. maxBulkAll is how many may be to all
// nodes: with frames of 1,200 bytes they take 75 MiB. Frames of other channels do not count, so
// that a flood of Smudge's datagrams keeps no message, query or key from being sent.
const (
	maxBulk    = 384
	maxBulkAll = limits.BulkFrames
)

// Send sends at most MaxData bytes on a channel to a node, until they are acknowledged
// or out of date. When they are acknowledged, that is an Acked event with the token,
// unless that is 0. It returns false when there is no open session with the node, the
// bytes are too many, for a relay if there is one, or the channel is Bulk and too much is
// under way to the node.
func (c *Core) Send(now time.Time, to netip.AddrPort, ch Channel, b []byte, token uint64) bool {
	c.advance(now)
	p := c.peers[to]
	info := c.info(ch)
	if p == nil || !p.takes(b) || info.Bulk && (p.link.Bulk() >= maxBulk || c.shared.Bulk() >= maxBulkAll) {
		if info.Refused != nil {
			c.count(info.Refused)
		}
		return false
	}
	c.send(p, frame.Data, ch, b, token)
	return true
}

// SendWithAck is Send for what is probably an answer: if an acknowledgement waits, b goes
// out with it, and is not itself acknowledged.
func (c *Core) SendWithAck(now time.Time, to netip.AddrPort, ch Channel, b []byte) bool {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.takes(b) || !p.link.Owes() {
		return c.Send(now, to, ch, b, 0)
	}
	c.send(p, frame.AckData, ch, b, 0)
	return true
}

// SendAll is Send to all nodes with an open session.
func (c *Core) SendAll(now time.Time, ch Channel, b []byte) {
	c.advance(now)
	for a, p := range c.peers {
		if p.open() {
			c.Send(now, a, ch, b, 0)
		}
	}
}

// send makes a frame, takes the acknowledgements that are owed along, and sends it.
func (c *Core) send(p *peer, k frame.Kind, ch Channel, payload []byte, token uint64) {
	c.sendFrame(p, k, ch, payload, token, k.Reliable())
}

// sendFrame is send. A reliable frame is retransmitted until it is acknowledged.
func (c *Core) sendFrame(p *peer, k frame.Kind, ch Channel, payload []byte, token uint64, reliable bool) {
	acks := p.link.TakeAcks(maxAcks(len(payload)))
	h := frame.Header{Kind: k, Channel: ch, Session: c.session, Connection: p.sendID, Counter: c.nextCounter(&p.counter)}
	b := make([]byte, 0, frame.HeaderSize+frame.AckSize*len(acks)+len(payload))
	b = append(h.Append(b, acks), payload...)
	switch {
	case reliable:
		c.wake(p, c.register(p, h, b, token))
	case k == frame.AckData:
		p.link.SendAckData(acks, b)
	}
	c.idle(p)
	c.transmit(p, b)
}

// register has a frame retransmitted. It returns when that is due.
func (c *Core) register(p *peer, h frame.Header, b []byte, token uint64) time.Time {
	info, data := c.info(h.Channel), h.Kind == frame.Data
	if data && info.Bulk {
		return p.link.SendBulk(c.now, h.Counter, b, token)
	}
	return p.link.Send(c.now, h.Counter, b, token, h.Kind == frame.Info || data && (info.AckNow || info.Last))
}

// maxAcks returns how many acknowledgements fit beside a payload. The frame may have to go by
// a relay later, so they leave room for that, if the payload does.
func maxAcks(payload int) int {
	room := frame.MaxRelayed - frame.SealSize - frame.HeaderSize - payload
	if room < 0 {
		room += frame.MaxSize - frame.MaxRelayed
	}
	return room / frame.AckSize
}

// sendAck sends the acknowledgements that are owed.
func (c *Core) sendAck(p *peer) { c.send(p, frame.Ack, 0, nil, 0) }

// acknowledge owes a peer an acknowledgement, to ride on what is sent within AckDelay, or
// sends it now.
func (c *Core) acknowledge(p *peer, counter uint64, now bool) {
	due, full := p.link.Owe(c.now, counter, frame.MaxAcks)
	c.wake(p, due)
	if now || full {
		c.sendAck(p)
	}
}

// acknowledgeAgain answers a frame that had arrived before, as it was answered then.
func (c *Core) acknowledgeAgain(p *peer, counter uint64) {
	b, acknowledged := p.link.AckData(counter)
	if b != nil {
		c.transmit(p, b)
	}
	if !acknowledged {
		c.acknowledge(p, counter, true)
	}
}

// takeAcks takes the acknowledgements that a frame brings.
func (c *Core) takeAcks(p *peer, f frame.Frame, by arq.Carrier) {
	f.Acks(func(counter uint32) {
		b, token, ok := p.link.Acked(c.now, counter, by)
		if !ok {
			return
		}
		if counter == uint32(p.profileCounter) {
			p.profileOwed = false
		}
		if counter == uint32(p.infoCounter) {
			p.acknowledged = true
		}
		if token != 0 {
			_, ch := frame.KindOf(b)
			c.emit(Event{Kind: Acked, Addr: p.addr, Session: p.session, Channel: ch, Token: token})
		}
		c.idle(p)
	})
}

// outside returns the header of a frame that is of no opened session.
func (c *Core) outside(k frame.Kind, connection uint64) []byte {
	return frame.Header{Kind: k, Session: c.session, Connection: connection, Counter: c.nextCounter(&c.outsideCounter)}.Append(nil, nil)
}

// output sends a frame of no session: by a relay, if via is one, or directly.
func (c *Core) output(to, via netip.AddrPort, b []byte) { c.sendBy(to, via, c.pack(nil, b, false)) }

// pack counts a frame, and returns its packet: encrypted if this node encrypts, and with a
// short header if the receiver knows what that leaves out. p is nil for no peer.
func (c *Core) pack(p *peer, b []byte, short bool) []byte {
	k, ch := frame.KindOf(b)
	switch {
	case !c.cfg.Encryption.Sends():
	case p != nil && p.pair != nil && k.Paired():
		b = c.sealer.SealPair(p.pair, b)
	default:
		b = c.sealer.Seal(b)
	}
	if short && k != frame.Info {
		b = frame.Shorten(b)
	}
	c.traffic.out(k, ch, len(b))
	return b
}

// readsShort reports whether the peer knows what a short header leaves out. When the
// counters of a block are used up, those of the next are not in the block of the opening any
// more.
func (p *peer) readsShort() bool {
	return p.short && p.acknowledged && p.counter>>32 == p.number
}
