// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package arq has one link's reliable delivery (automatic repeat request): a frame is
// transmitted until it is acknowledged or out of date, and taken once by its receiver.
// It knows neither sessions nor addresses, nor what is in a frame. It does no IO: time
// goes in, and what to transmit comes out.
package arq

import (
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// MaxInFlight bounds the frames of a link that wait for their acknowledgement; past it
	// the oldest is given up that is not of bulk.
	MaxInFlight = 512
	// keptRetransmitted is how many frames are remembered that were sent more than once.
	keptRetransmitted = 16
	// maxAckData is how many frames that ride with an acknowledgement can be retransmitted.
	maxAckData = limits.AnswerFrames
	// silentTries is after how many tries without a frame from the other end a link is
	// silent.
	silentTries = 4
	// staleFrames is after how many frames in a row that had all arrived before the other
	// end has gone back in time: it was restored from a snapshot, and its counters with it.
	staleFrames = 64
)

// Carrier is the frame that brings an acknowledgement. What it says of the round trip
// depends on it.
type Carrier uint8

const (
	// CarrierAck has nothing else in it. It may have waited, and is not retransmitted.
	CarrierAck Carrier = iota
	// CarrierAckData rides with the acknowledgement, sent at once. It is retransmitted
	// when the frame that it acknowledges comes again.
	CarrierAckData
	// CarrierData may have waited, and is retransmitted.
	CarrierData
	// CarrierOpening answers at once, and is retransmitted.
	CarrierOpening
)

func (c Carrier) atOnce() bool        { return c == CarrierAckData || c == CarrierOpening }
func (c Carrier) retransmitted() bool { return c == CarrierData || c == CarrierOpening }

// Counts are the counters of the links of a node.
type Counts struct {
	Retransmitted        uint64 // frames
	Spurious             uint64 // retransmissions of frames that had arrived
	Deferred             uint64 // retransmissions that waited for the budget
	Held                 uint64 // retransmissions that waited for a sign of life
	Expired              uint64 // frames given up as out of date
	Overflowed           uint64 // frames given up for others
	Abandoned            uint64 // frames given up since the other end is gone
	AckDataRetransmitted uint64
}

// Traffic counts the frames of a link. Retransmitted is how often one of Sent was sent
// again; Duplicates are not among Received.
type Traffic struct{ Sent, Retransmitted, Received, Duplicates uint64 }

// Link is this end of a link. Use NewLink.
type Link struct {
	shared *Shared

	// What this end sends.
	flights []flight // by age
	ackData []ackData
	rtt     rtt       // of all frames, acknowledged at once or after a while
	trip    roundTrip // of those that were answered at once
	// retransmitted are the last frames that were sent more than once and acknowledged, at
	// most keptRetransmitted.
	retransmitted []uint32
	bulk          int32 // how many of flights are of bulk
	// countedAll and countedBulk are what Shared counts of them.
	countedAll, countedBulk int32
	ackNext, retransmits    uint8 // where in ackData and in retransmitted the next goes

	// What it receives.
	stale  uint8 // frames in a row that had arrived before; staleFrames at most
	gone   bool  // see Abandon
	window window
	acks   []uint32 // owed
	ackDue time.Time
	heard  time.Time

	traffic      Traffic
	lossRate     lossRate
	reachability reachability
}

// ackData is a frame that is retransmitted when a frame that it acknowledges comes again.
type ackData struct {
	acks []uint32
	b    []byte
}

// NewLink returns a link whose other end was just heard.
func NewLink(shared *Shared, now time.Time) *Link {
	return &Link{shared: shared, heard: now}
}

// Inherit takes over from an earlier link to the same node when that was heard and reached.
func (l *Link) Inherit(old *Link) { l.heard, l.reachability = old.heard, old.reachability }

// Restart forgets what is in flight, and what is owed, because the other end has forgotten it.
func (l *Link) Restart() {
	defer l.recount()
	l.flights, l.bulk, l.ackData, l.ackNext, l.acks = nil, 0, nil, 0, nil
}

// recount counts the flights for Shared.
func (l *Link) recount() {
	l.shared.inFlight += len(l.flights) - int(l.countedAll)
	l.shared.bulk += int(l.bulk - l.countedBulk)
	l.countedAll, l.countedBulk = int32(len(l.flights)), l.bulk
}

// TakeAcks returns the acknowledgements that are owed, at most as many as asked for, for a
// frame that is about to be sent.
func (l *Link) TakeAcks(most int) []uint32 {
	taken := l.acks[:min(len(l.acks), max(most, 0))]
	if l.acks = l.acks[len(taken):]; len(l.acks) == 0 {
		l.acks = nil
	}
	return taken
}

// Send registers a frame that is sent now and retransmitted until it is acknowledged. It
// returns when that is due. Acked returns the token. A persistent frame is retransmitted at
// equal intervals, whatever the state of the link. While the other end is taken for gone, the
// frame is not registered, and nothing is due.
func (l *Link) Send(now time.Time, counter uint64, b []byte, token uint64, persistent bool) (due time.Time) {
	return l.send(now, flight{counter: counter, b: b, token: token, persistent: persistent})
}

// SendBulk is Send for a frame of bulk. No frame that is not of bulk has it given up, and the
// caller bounds how many there are: fewer than MaxInFlight, by Bulk.
func (l *Link) SendBulk(now time.Time, counter uint64, b []byte, token uint64) (due time.Time) {
	return l.send(now, flight{counter: counter, b: b, token: token, bulk: true})
}

func (l *Link) send(now time.Time, f flight) (due time.Time) {
	if l.gone {
		return time.Time{}
	}
	defer l.recount()
	if len(l.flights) >= MaxInFlight {
		l.giveUpOne()
	}
	if f.bulk {
		l.bulk++
	}
	l.shared.Budget.earn()
	l.traffic.Sent++
	l.lossRate.at(now).first++
	f.first, f.due, f.tries = now, now.Add(l.timeout(now)), 1
	l.flights = append(l.flights, f)
	return f.due
}

// giveUpOne gives up the oldest frame that is not of bulk, to make room. So whatever fills a
// link with other frames, those of bulk keep their share, and the other way round.
func (l *Link) giveUpOne() {
	i := max(slices.IndexFunc(l.flights, func(f flight) bool { return !f.bulk }), 0)
	l.remove(i)
	l.shared.Counts.Overflowed++
}

func (l *Link) remove(i int) {
	if l.flights[i].bulk {
		l.bulk--
	}
	l.keep(slices.Delete(l.flights, i, i+1))
}

// SendAckData registers a frame that is sent now with acknowledgements. It is retransmitted
// when a frame that it acknowledges comes again.
func (l *Link) SendAckData(acks []uint32, b []byte) {
	d := ackData{slices.Clone(acks), b}
	if len(l.ackData) < maxAckData {
		l.ackData = append(l.ackData, d)
	} else {
		l.ackData[l.ackNext] = d
	}
	l.ackNext = (l.ackNext + 1) % maxAckData
}

// InFlight returns how many frames wait for their acknowledgement.
func (l *Link) InFlight() int { return len(l.flights) }

// Bulk returns how many of them are of bulk.
func (l *Link) Bulk() int { return int(l.bulk) }

// Waits reports whether a frame waits for its acknowledgement.
func (l *Link) Waits(counter uint64) bool {
	return slices.ContainsFunc(l.flights, func(f flight) bool { return f.counter == counter })
}

// Withdraw stops retransmitting a frame.
func (l *Link) Withdraw(counter uint64) {
	defer l.recount()
	if i := slices.IndexFunc(l.flights, func(f flight) bool { return f.counter == counter }); i >= 0 {
		l.remove(i)
	}
}

// Receive takes the counter of a frame that came in. It returns false when the frame is a
// duplicate, or too old to be told from one.
func (l *Link) Receive(now time.Time, counter uint64) (fresh bool) {
	if l.window.seen(counter) {
		l.traffic.Duplicates++
		l.stale = min(l.stale+1, staleFrames)
		return false
	}
	l.heard, l.stale, l.gone = now, 0, false
	l.window.mark(counter)
	l.traffic.Received++
	return true
}

// Open takes the counter of the frame that opens the session, which may come again.
func (l *Link) Open(now time.Time, counter uint64) {
	l.heard, l.gone = now, false
	l.window.mark(counter)
}

// Owe records that an acknowledgement is owed, which can ride on what is sent within
// AckDelay from now. It returns when the acknowledgement is due, and true if maxAcks are
// owed, so that they must be sent at once.
func (l *Link) Owe(now time.Time, counter uint64, maxAcks int) (due time.Time, full bool) {
	if len(l.acks) == 0 {
		l.ackDue = now.Add(l.shared.Timing.AckDelay)
	}
	l.acks = append(l.acks, uint32(counter))
	return l.ackDue, len(l.acks) >= maxAcks
}

// Owes reports whether acknowledgements are owed.
func (l *Link) Owes() bool { return len(l.acks) > 0 }

// OwesNow reports whether the acknowledgements that are owed can wait no longer.
func (l *Link) OwesNow(now time.Time) bool { return l.Owes() && !l.ackDue.After(now) }

// AckData returns the frame to retransmit because a frame that it acknowledged has come
// again; nil if the budget is used up. It returns false if no such frame acknowledged it, so
// that an acknowledgement is owed again.
func (l *Link) AckData(counter uint64) (b []byte, acknowledged bool) {
	for _, d := range l.ackData {
		if !slices.Contains(d.acks, uint32(counter)) {
			continue
		}
		if !l.shared.Budget.spend() { // bounds what a replay of captured frames brings about
			l.shared.Counts.Deferred++
			return nil, true
		}
		l.shared.Counts.AckDataRetransmitted++
		return d.b, true
	}
	return nil, false
}

// Acked takes an acknowledgement. If a frame waited for it, it returns the frame and the
// token that it was sent with.
func (l *Link) Acked(now time.Time, counter uint32, by Carrier) (b []byte, token uint64, ok bool) {
	i := slices.IndexFunc(l.flights, func(f flight) bool { return uint32(f.counter) == counter })
	if i < 0 {
		if !by.retransmitted() && slices.Contains(l.retransmitted, counter) {
			l.shared.Counts.Spurious++
			l.lossRate.at(now).spurious++
			l.shared.arrived.at(now).spurious++
			l.rtt.spurious(now) // the acknowledgement before this one was of the first try, and late
		}
		return nil, 0, false
	}
	f := l.flights[i]
	l.reachability.reached(now)
	arrived := l.shared.arrived.at(now)
	arrived.first++
	arrived.again += uint32(f.tries - 1)
	// A carrier that is retransmitted shows the loss of its first try, and not the round
	// trip.
	took := now.Sub(f.first)
	if f.tries == 1 && (by == CarrierAck || took < l.shared.Timing.FirstTimeout) {
		l.sample(took, now)
		if by.atOnce() {
			l.trip.sample(took)
		}
	}
	if f.tries > 1 {
		l.noteRetransmitted(counter)
	}
	defer l.recount()
	l.remove(i)
	return f.b, f.token, true
}

func (l *Link) noteRetransmitted(counter uint32) {
	if len(l.retransmitted) < keptRetransmitted {
		l.retransmitted = append(l.retransmitted, counter)
		return
	}
	l.retransmitted[l.retransmits] = counter
	l.retransmits = (l.retransmits + 1) % keptRetransmitted
}

// keep sets the flights to what is left of them. A link at rest keeps no memory for them, since
// a node of a large cluster has thousands of links.
func (l *Link) keep(left []flight) {
	if len(left) == 0 {
		left = nil
	}
	l.flights = left
}

// Idle reports whether nothing is in flight or owed.
func (l *Link) Idle() bool { return len(l.flights)+len(l.acks) == 0 }

// Due returns when an acknowledgement must be sent or Tick called, whichever is first. The
// zero time is never.
func (l *Link) Due() (next time.Time) {
	if l.Owes() {
		next = l.ackDue
	}
	for _, f := range l.flights {
		next = deadline.Earlier(next, f.due)
	}
	return next
}

// Silent reports whether nothing came from the other end for several tries of a frame, or
// since it is taken for gone.
func (l *Link) Silent() bool {
	return l.gone || slices.ContainsFunc(l.flights, func(f flight) bool { return f.tries > silentTries && l.heard.Before(f.first) })
}

// Stale reports whether the other end sends only frames that have arrived before, for so
// long that they are not retransmissions.
func (l *Link) Stale() bool { return l.stale >= staleFrames }

// Traffic returns the counts of the link.
func (l *Link) Traffic() Traffic { return l.traffic }

// RoundTrip returns the smoothed round trip of the frames that were answered at once, so no
// AckDelay is in it; 0 when it is not known.
func (l *Link) RoundTrip() time.Duration { return l.trip.smoothed }

// Timeout returns after how long a frame is retransmitted first.
func (l *Link) Timeout(now time.Time) time.Duration { return l.timeout(now) }

// Recent returns how many frames were sent in the last one to two minutes, and how many
// transmissions of them were lost; see Loss.
func (l *Link) Recent(now time.Time) (frames, lost uint64) { return l.lossRate.recent(now) }

// Heard returns when a frame of the other end last came in.
func (l *Link) Heard() time.Time { return l.heard }

// Unacked returns when the oldest of the frames was sent that the other end has not
// acknowledged, if it has acknowledged nothing since; the zero time if there is none.
func (l *Link) Unacked() time.Time {
	since := l.reachability.unreachedSince
	if len(l.flights) > 0 && !l.flights[0].first.Before(l.reachability.reachedAt) {
		since = deadline.Earlier(since, l.flights[0].first)
	}
	return since
}
