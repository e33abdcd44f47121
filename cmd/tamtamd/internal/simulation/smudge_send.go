// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// packKey is the key of pendingAcks: who is to answer, and with what heartbeat.
type packKey struct {
	peer *smudgePeer
	code uint32
}

// pack is an answer that is waited for (membership.go:795).
type pack struct {
	order    uint64
	started  time.Time
	kind     packKind
	peer     *smudgePeer
	callback *smudgePeer // of a PINGREQ, the target; of an NFPING, who asked
	code     uint32      // for the callback
}

type packKind uint8

const (
	packPing packKind = iota
	packPingReq
	packNFPing
)

// await notes that an answer is waited for. An older one of the same key is forgotten.
func (s *Smudge) await(p *smudgePeer, code uint32, k pack) {
	s.started++
	k.order, k.started, k.peer = s.started, s.now, p
	s.packs[packKey{p, code}] = &k
}

// turn is what the loop of Begin does between two sleeps (membership.go:105).
func (s *Smudge) turn() {
	if s.listed && s.dirty {
		s.dirty = false
		s.at = len(s.round)
	}
	for {
		if !s.listed {
			s.shuffle()
		}
		for s.at < len(s.round) {
			p := s.round[s.at]
			s.at++
			if p.status == datagram.Dead && !s.retries(p) {
				continue
			}
			s.clock++
			s.pinged++
			s.ping(p)
			return
		}
		s.listed = false
		if s.pinged == 0 {
			return // nobody to ping
		}
	}
}

// shuffle begins a new list of those to be pinged.
func (s *Smudge) shuffle() {
	s.listed, s.at, s.pinged = true, 0, 0
	s.round = s.round[:0]
	for _, p := range s.known {
		if p != s.self {
			s.round = append(s.round, p)
		}
	}
	s.cfg.Random.Shuffle(len(s.round), func(i, j int) { s.round[i], s.round[j] = s.round[j], s.round[i] })
}

// retries reports whether it is the turn of a dead peer, which is forgotten after ten
// retries.
func (s *Smudge) retries(p *smudgePeer) bool {
	if p.retry == 0 {
		p.retry, p.countdown = 1, 2
	}
	if p.countdown--; p.countdown > 0 {
		return false
	}
	p.retry++
	p.countdown = 1 << p.retry
	if p.retry > smudgeMaxRetries {
		p.retry = 0
		s.drop(p)
		return false
	}
	return true
}

// ping is transmitVerbPingUDP.
func (s *Smudge) ping(p *smudgePeer) {
	s.await(p, s.clock, pack{kind: packPing})
	s.transmit(p, nil, datagram.Ping, s.clock)
}

// expire is one look for answers that have not come (membership.go:610).
func (s *Smudge) expire() {
	var late []*pack
	for key, k := range s.packs {
		wait := s.timeout
		if k.kind == packPingReq {
			wait *= 2
		}
		if uint32(s.now.UnixMilli()-k.started.UnixMilli()) > wait {
			late = append(late, k)
			delete(s.packs, key)
		}
	}
	slices.SortFunc(late, func(a, b *pack) int { return cmp.Compare(a.order, b.order) })
	for _, k := range late {
		switch k.kind {
		case packPingReq: // the helper did not answer: the target is accused
			s.accuse(k.callback, k)
		case packNFPing: // the target did not: the helper accuses it by itself
			s.accuse(k.peer, k)
		}
	}
	for _, k := range late { // in goroutines of their own, which wait for the lock
		if k.kind == packPing {
			s.ask(k.peer)
		}
	}
}

// accuse makes a peer suspected, and one that is dead.
func (s *Smudge) accuse(p *smudgePeer, k *pack) {
	if p.index < 0 || p.status == datagram.Dead {
		return
	}
	to := datagram.Suspected
	if p.status == datagram.Suspected {
		to = datagram.Dead
	}
	s.update(p, to, s.clock, s.self)
	k.callback.pingMs = -2
}

// ask is doForwardOnTimeout: helpers are asked to ping a peer (membership.go:199).
func (s *Smudge) ask(p *smudgePeer) {
	helpers := slices.Clone(s.pick(s.fanout(), p, true))
	if len(helpers) == 0 {
		s.update(p, datagram.Dead, s.clock, s.self)
	}
	for _, h := range helpers {
		s.await(h, s.clock, pack{kind: packPingReq, callback: p})
		s.transmit(h, p, datagram.PingReq, s.clock)
	}
}

// pick returns at most count known peers at random, but this node and one more. It may be
// kept until the next call.
func (s *Smudge) pick(count int, but *smudgePeer, living bool) []*smudgePeer {
	s.picked = s.picked[:0]
	for i := 0; i < len(s.known) && len(s.picked) < count; i++ {
		j := i + s.cfg.Random.IntN(len(s.known)-i)
		p := s.known[j]
		s.known[i], s.known[j] = p, s.known[i]
		s.known[j].index, p.index = int32(j), int32(i)
		if p != s.self && p != but && !(living && p.status == datagram.Dead) {
			s.picked = append(s.picked, p)
		}
	}
	return s.picked
}

// enlist puts a peer into updatedNodes if there is something to say of it.
func (s *Smudge) enlist(p *smudgePeer) {
	if p.emit <= 0 {
		return
	}
	for int(p.emit) >= len(s.updated) {
		s.updated = append(s.updated, nil)
	}
	p.slot = int32(len(s.updated[p.emit]))
	s.updated[p.emit] = append(s.updated[p.emit], p)
}

// unlist takes a peer out of updatedNodes, if it is in.
func (s *Smudge) unlist(p *smudgePeer) {
	if p.slot < 0 {
		return
	}
	part := s.updated[p.emit]
	last := part[len(part)-1]
	part[p.slot], last.slot = last, p.slot
	part[len(part)-1] = nil
	if part = part[:len(part)-1]; len(part) == 0 {
		part = nil // all peers go through many parts, each of which would keep room for all
	}
	s.updated[p.emit], p.slot = part, -1
}

// said takes from the counter of a peer.
func (s *Smudge) said(p *smudgePeer, by int32) {
	listed := p.slot >= 0
	s.unlist(p)
	if p.emit -= by; listed {
		s.enlist(p)
	}
}

// news returns the peers of which there is something to say, those said least first
// (getRandomUpdatedNodes, registry.go:206). Which of equals is first is left to chance.
func (s *Smudge) news(count int, but *smudgePeer) []*smudgePeer {
	s.picked = s.picked[:0]
	for emit := len(s.updated) - 1; emit > 0; emit-- {
		part := s.updated[emit]
		for i := 0; i < len(part) && len(s.picked) < count; i++ {
			j := i + s.cfg.Random.IntN(len(part)-i)
			part[i], part[j] = part[j], part[i]
			part[i].slot, part[j].slot = int32(i), int32(j)
			if p := part[i]; p != but && p != s.self {
				s.picked = append(s.picked, p)
			}
		}
	}
	return s.picked
}

// transmit is transmitVerbGenericUDP (membership.go:667). What is said costs two of its
// counter.
func (s *Smudge) transmit(to, target *smudgePeer, verb datagram.Verb, code uint32) {
	count := s.fanout()
	about := s.news(count, to)
	if len(about) == 0 {
		about = s.pick(count, to, false)
	}
	if target != nil {
		s.said(target, 1)
	}
	entries := make([]datagram.Entry, 0, len(about)+1)
	sent := !to.ended
	if target != nil {
		sent = sent && !target.ended
		entries = append(entries, datagram.Target(target.addr, code))
		entries[0].Source = address(target.source)
	}
	for _, p := range about {
		if !p.ended {
			entries = append(entries, datagram.Entry{Status: p.status, Addr: p.addr, Heartbeat: p.heartbeat, Source: address(p.source)})
		}
		s.said(p, 2)
	}
	if sent {
		s.sends = append(s.sends, SmudgeSend{to.addr, verb, code, entries})
	}
}

func address(p *smudgePeer) netip.AddrPort {
	if p == nil || p.ended {
		return netip.AddrPort{}
	}
	return p.addr
}
