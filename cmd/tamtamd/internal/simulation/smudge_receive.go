// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// Deliver gives it a datagram of a peer, of which the filter keeps some entries. It
// returns false when the peer, or the target of a PINGREQ, is not known or was left out
// by the filter.
func (s *Smudge) Deliver(now time.Time, from netip.AddrPort, d datagram.Datagram, filter datagram.Mapper) bool {
	s.now = now
	sender := s.find(from)
	if sender == nil {
		return false
	}
	var target *smudgePeer
	if d.Verb() == datagram.PingReq {
		e, ok := filter.MapEntry(d.Entry(0))
		if ok {
			target = s.find(e.Addr)
		}
		if target == nil {
			return false
		}
	}
	// The clocks agree but for one (membership.go:484).
	if h := d.Heartbeat(); h > 0 && h-1 > s.clock {
		s.clock = h - 1
	}
	for i := range d.Len() {
		if d.IsTarget(i) {
			continue
		}
		if e, ok := filter.MapEntry(d.Entry(i)); ok {
			s.hear(e)
		}
	}
	if d.Heartbeat() > sender.heartbeat {
		s.update(sender, datagram.Alive, d.Heartbeat(), s.self)
	}
	s.add(sender)
	switch d.Verb() {
	case datagram.Ping, datagram.NFPing:
		s.transmit(sender, nil, datagram.Ack, d.Heartbeat())
	case datagram.Ack:
		s.acked(sender, d.Heartbeat())
	case datagram.PingReq:
		code := d.Entry(0).Heartbeat
		s.await(target, code, pack{kind: packNFPing, callback: sender, code: code})
		s.transmit(target, nil, datagram.NFPing, code)
	}
	return true
}

// find returns a peer; an unknown one only if it takes in whom it hears of.
func (s *Smudge) find(a netip.AddrPort) *smudgePeer {
	p := s.peers[a]
	if p == nil && s.cfg.Open {
		p = s.newPeer(a)
		s.peers[a] = p
	}
	return p
}

// hear takes what is said of a peer (membership.go:765).
func (s *Smudge) hear(e datagram.Entry) {
	p := s.find(e.Addr)
	if p == nil || e.Heartbeat < p.heartbeat {
		return
	}
	if e.Status == datagram.Dead && p == s.self {
		return
	}
	var source *smudgePeer
	if e.Source.IsValid() {
		source = s.find(e.Source)
	}
	s.update(p, e.Status, e.Heartbeat, source)
	s.add(p)
}

// acked takes the answer to a ping (membership.go:515).
func (s *Smudge) acked(p *smudgePeer, code uint32) {
	k := s.packs[packKey{p, code}]
	if k == nil {
		return
	}
	delete(s.packs, packKey{p, code})
	p.timestamp = s.now
	if k.callback != nil {
		s.transmit(k.callback, nil, datagram.Ack, k.code)
		return
	}
	elapsed := uint32(s.now.UnixMilli() - k.started.UnixMilli())
	p.pingMs = int32(elapsed)
	s.note(elapsed)
}

// Write makes the datagram of a send, with the entries that keep lets through; nil keeps
// all. It returns false when there is nothing to send.
func (s *Smudge) Write(o SmudgeSend, keep func(datagram.Entry) bool) (datagram.Datagram, bool) {
	entries := o.Entries
	if keep != nil {
		kept := entries[:0]
		for i, e := range entries {
			if i == 0 && o.Verb == datagram.PingReq || keep(e) {
				kept = append(kept, e)
			}
		}
		entries = kept
	}
	b := datagram.Compose(s.family, o.Verb, s.cfg.Local.Port(), o.Heartbeat, entries)
	d, fault := datagram.Parse(b, s.family)
	return d, fault == ""
}
