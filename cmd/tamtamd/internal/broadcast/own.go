// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"slices"
	"time"
)

// Window is the largest number of a node's messages in flight, which means that some
// live member does not have them yet. A node at the bound must wait. It does not wait
// for suspected members, nor for stalled ones, so one that dies or cannot answer delays
// the others only until that shows.
const Window = 256

// relayedWindow is the window in a cluster of more than PushAll members, where an origin
// learns of receipts by reports. A report may be reportEvery old, and a message that all
// pushes missed is repaired after some 200 ms: at 2,000 messages a second that is some
// 600 messages.
const relayedWindow = 4 * Window

// maxBeyond bounds the acknowledgements kept of messages after a missing one. The
// window bounds them for a member that is waited for; a suspected one may miss one
// message for long and get all after it. Anti-entropy makes up for those not kept.
const maxBeyond = 2 * relayedWindow

// stallAfter is how long a member that lacks messages may acknowledge none before senders
// stop waiting for it. A live member without a working path to this node gets the
// messages from others, and can never report that it has.
const stallAfter = 3 * time.Second

// own is this node's own stream.
type own struct {
	last uint64
	// addressed is the last message that is not for all members.
	addressed uint64
	inPieces  uint64 // the same of one in pieces
	reports   reports
	queue     []Message // not pushed yet; HasCapacity bounds them
	pace      pace
	pushed    time.Time // when messages last were

	underway underway
}

// target is what a member has of this node's stream. from <= have <= own.last, and no
// number in beyond is at or below have.
type target struct {
	addr      netip.AddrPort
	session   uint64
	suspected bool
	in        *lag // among those that are waited for, or have stalled; nil if it is suspected
	at        int  // where in it
	// addressing: it knows of recipients.
	addressing bool
	progress   time.Time           // when have last grew, or stopped being all there is
	from       uint64              // the last message before the member was met
	have       uint64              // every message up to this one has arrived
	beyond     map[uint64]struct{} // acknowledged messages after a missing one
	presumed   time.Time           // since when its own stream is presumed; zero if it is not
	probed     time.Time           // when Tick last asked it what it has
	surveyed   time.Time           // when it was last told what is kept here
}

func (t *target) has(sequence uint64) bool {
	_, ok := t.beyond[sequence]
	return ok || sequence <= t.have
}

// stalled reports whether the member lacks messages and has acknowledged none for
// stallAfter.
func (t *target) stalled(last uint64, now time.Time) bool {
	return t.have < last && now.Sub(t.progress) >= stallAfter
}

// got records that a message has arrived.
func (t *target) got(sequence uint64, now time.Time) {
	if sequence == t.have+1 && len(t.beyond) == 0 { // as almost always
		t.have, t.progress = sequence, now
		return
	}
	if sequence <= t.have || len(t.beyond) >= maxBeyond {
		return
	}
	if t.beyond == nil {
		t.beyond = make(map[uint64]struct{})
	}
	t.beyond[sequence] = struct{}{}
	for {
		if _, ok := t.beyond[t.have+1]; !ok {
			return
		}
		t.have++
		t.progress = now
		delete(t.beyond, t.have)
	}
}

// gotAll records that every message up to a sequence number has arrived.
func (t *target) gotAll(sequence uint64, now time.Time) {
	if sequence <= t.have {
		return
	}
	t.have, t.progress = sequence, now
	for s := range t.beyond {
		if s <= sequence {
			delete(t.beyond, s)
		}
	}
}

// Renew begins another stream of this node, in a new session. The members and what is here of
// the streams stay. The stream so far becomes one of those of others: what is missing of it
// is repaired, so a node that was restored from a snapshot gets what it sent since.
func (c *Core) Renew(now time.Time, session uint64) {
	c.own.pace, c.own.underway = pace{}, underway{}
	c.push(now)
	if old := c.cfg.Local; c.own.last > 0 && c.streamCount() < MaxStreams {
		s := &stream{Stream: old, started: true, next: c.own.last + 1, known: c.own.last}
		c.touch(s, c.last)
		c.streams[old] = s
	}
	c.cfg.Local.Session, c.own = session, own{}
	for _, t := range c.members {
		t.progress, t.from, t.have, t.beyond = now, 0, 0, nil
		c.waits(t)
	}
}

// Acked records that the messages sent with the token have arrived at a member. It reports
// whether that was news.
func (c *Core) Acked(now time.Time, a netip.AddrPort, session, token uint64) (news bool) {
	t := c.members[a]
	first, last := messagesOf(token)
	if t == nil || t.session != session || last > c.own.last {
		return false
	}
	if c.own.underway.acked(token, now) {
		c.counts.Inc(lateBatches)
	}
	for seq := first; seq <= last; seq++ {
		news = news || !t.has(seq)
		t.got(seq, now)
	}
	if t.in != nil {
		c.waits(t)
	}
	return news
}

// window returns the largest number of this node's messages in flight.
func (c *Core) window() uint64 {
	if len(c.list) > c.pushAll {
		return relayedWindow
	}
	return Window
}

// probe asks a member what it has of this node's stream.
func (c *Core) probe(a netip.AddrPort) {
	c.sendDigests(a, []entry{{c.cfg.Local, c.own.offered()}}, flagAnswer)
}

// Have returns how many members have one of this node's messages, and which do not.
// Members that were met after the message do not count.
func (c *Core) Have(sequence uint64) (have int, missing []netip.AddrPort) {
	return c.haveAll(sequence, sequence)
}

// haveAll is Have of messages, or pieces of one, from a number to another.
func (c *Core) haveAll(first, sequence uint64) (have int, missing []netip.AddrPort) {
	for a, t := range c.members {
		switch {
		case t.from >= sequence: // met later
		case t.hasAll(first, sequence):
			have++
		default:
			missing = append(missing, a)
		}
	}
	slices.SortFunc(missing, netip.AddrPort.Compare)
	return have, missing
}
