// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

const (
	// startWithin is how long the first messages of a stream wait for the origin to
	// report the position at which the stream begins for this node.
	startWithin = time.Second
	// positionAsks is how often a live origin is asked for that position again.
	positionAsks = 5
	// maxAhead bounds the messages of one stream that wait for an earlier one. Those
	// further ahead are dropped, and asked for when their turn comes.
	maxAhead = 1024
	// wantAfter is how long a message is missing before it is asked for: the wire
	// retransmits it meanwhile. wantEvery is the time between two wants, which go to
	// different members.
	wantAfter = 150 * time.Millisecond
	wantEvery = 300 * time.Millisecond
	// wantAtOnce bounds the messages of one want.
	wantAtOnce = 64
	// giveUpAfter is how long readers wait for a missing message before they get a gap
	// instead; six times as long while the origin is a member.
	giveUpAfter = 5 * time.Second
	// goneAfter is how long they wait once the origin reports that it no longer keeps
	// the message: the push may still be in flight, and at full speed the store is soon
	// full.
	goneAfter = time.Second
	// activeFor is how long after its last message a stream is named in digests.
	activeFor = 30 * time.Second
	// forgetAfter is how long after its last message a stream is forgotten if its origin
	// is no longer a member.
	forgetAfter = 2 * time.Minute
	// reportEvery is the time between two reports of a node to an origin, for each member
	// of the cluster: so an origin gets 2,000 a second at most, however many report.
	reportEvery = 500 * time.Microsecond
	// afterBurst is how long after a message the members of a large cluster compare what
	// they have, and burstEvery the least time between two such comparisons.
	afterBurst = 50 * time.Millisecond
	burstEvery = 250 * time.Millisecond
)

// stream is the receiving end of another node's stream. Once it has started, no pending
// message is below next, and known >= next-1.
type stream struct {
	Stream
	started bool // the position is known
	// presumed: the origin reported no position when the two met. So it had sent nothing
	// yet, and its first message begins the stream.
	presumed bool
	next     uint64             // the next message to deliver
	pending  map[uint64]Message // messages after a missing one
	known    uint64             // the highest message that some member has
	source   netip.AddrPort     // the member that had the highest

	created  time.Time // when the position was first needed; zero if it has not been
	active   time.Time // when the last message came
	since    time.Time // since when next is missing; zero if it is not
	asked    time.Time // when the last want was sent
	asks     int       // wants in a row for the same message
	until    uint64    // the last message that was asked for
	gone     uint64    // the oldest message that the origin keeps, as it reports
	reported uint64    // the last have() that was reported to the origin

	reportedAt time.Time // when
	reportAt   time.Time // when the next report is due; zero for none

	owed  []uint64  // reports of messages for some members, as appendReport has them
	oweAt time.Time // when they are due; zero for none
}

// have returns the last message of the unbroken run that is here.
func (s *stream) have() uint64 { return s.next - 1 }

// lacks reports whether some member has a message that is not here.
func (s *stream) lacks() bool { return s.started && s.known >= s.next }

// lowest returns the lowest sequence number that is pending; 0 if none is.
func (s *stream) lowest() uint64 {
	var low uint64
	for seq := range s.pending {
		if low == 0 || seq < low {
			low = seq
		}
	}
	return low
}

// missing returns the first run of messages to ask for. Pieces of the next message may be here.
func (s *stream) missing() want {
	w := want{Stream: s.Stream, from: s.next}
	for {
		if _, ok := s.pending[w.from]; !ok || w.from >= s.known {
			break
		}
		w.from++
	}
	for seq := w.from; seq <= s.known && w.count < wantAtOnce; seq++ {
		if _, ok := s.pending[seq]; ok {
			break
		}
		w.count++
	}
	return w
}

// due returns when the stream needs its next action; the zero time for never.
func (s *stream) due() time.Time {
	return deadline.Earlier(s.oweAt, deadline.Earlier(s.reportAt, s.repairAt()))
}

// repairAt returns when the next step towards a missing message or an unknown position
// is due; the zero time for never.
func (s *stream) repairAt() time.Time {
	switch {
	case !s.started && s.created.IsZero():
		return time.Time{}
	case !s.started:
		return s.created.Add(startWithin)
	case !s.lacks():
		return time.Time{}
	case s.asked.IsZero():
		return s.since.Add(wantAfter)
	}
	return s.asked.Add(wantEvery)
}
