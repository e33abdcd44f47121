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

// news returns the peers of which there is something to say, those said least first
// (getRandomUpdatedNodes, registry.go:206).
func (s *Smudge) news(count int, but *smudgePeer) []*smudgePeer {
	s.updated = slices.DeleteFunc(s.updated, func(p *smudgePeer) bool {
		p.updated = p.emit > 0
		return !p.updated
	})
	s.picked = s.picked[:0]
	for _, p := range s.updated {
		if p != but && p != s.self {
			s.picked = append(s.picked, p)
		}
	}
	if len(s.picked) > 1 { // which of equals is first is left to chance
		s.cfg.Random.Shuffle(len(s.picked), func(i, j int) { s.picked[i], s.picked[j] = s.picked[j], s.picked[i] })
		slices.SortFunc(s.picked, func(a, b *smudgePeer) int { return int(b.emit - a.emit) })
	}
	return s.picked[:min(count, len(s.picked))]
}

// transmit is transmitVerbGenericUDP (membership.go:667). What is said costs two of its
// counter.
func (s *Smudge) transmit(to, target *smudgePeer, verb datagram.Verb, code uint32) {
	count := s.fanout()
	said := s.news(count, to)
	if len(said) == 0 {
		said = s.pick(count, to, false)
	}
	if target != nil {
		target.emit--
	}
	entries := make([]datagram.Entry, 0, len(said)+1)
	sent := !to.ended
	if target != nil {
		sent = sent && !target.ended
		entries = append(entries, datagram.Target(target.addr, code))
		entries[0].Source = address(target.source)
	}
	for _, p := range said {
		if !p.ended {
			entries = append(entries, datagram.Entry{Status: p.status, Addr: p.addr, Heartbeat: p.heartbeat, Source: address(p.source)})
		}
		p.emit -= 2
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
