// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"time"
)

const (
	// startWithin is how long the first messages of a stream wait to learn where the
	// stream begins for this node.
	startWithin = time.Second
	// maxAhead is how many messages of one stream wait for one before them. What is
	// further ahead is dropped, and asked for when its turn comes.
	maxAhead = 1024
	// wantAfter is how long a missing message is waited for before it is asked for:
	// the transport sends it again by itself for some time. wantEvery is the time
	// between two questions, to different members.
	wantAfter = 150 * time.Millisecond
	wantEvery = 300 * time.Millisecond
	// wantAtOnce is how many messages are asked for at a time.
	wantAtOnce = 64
	// giveUpAfter is how long readers wait for a missing message before they are told
	// of the gap and go on; six times as long while the origin lives.
	giveUpAfter = 5 * time.Second
	// goneAfter is how long they wait when the origin no longer keeps it: the copy that
	// it once sent may be on its way, and at full speed what is kept is not kept long.
	goneAfter = time.Second
	// activeFor is for how long after its last message a stream is compared.
	activeFor = 30 * time.Second
	// forgetAfter is how long after its last message a stream is forgotten whose
	// origin is no member any more.
	forgetAfter = 2 * time.Minute
)

// stream is what a node has of a stream of another.
type stream struct {
	Stream
	started bool
	next    uint64             // the first that is not delivered
	pending map[uint64]Message // those after it
	known   uint64             // the highest that is known to be there
	source  netip.AddrPort     // who had the highest

	created time.Time
	active  time.Time // the last message
	since   time.Time // when next began to be missed; zero if it is not
	asked   time.Time // when it was last asked for
	asks    int       // how often, in a row
	until   uint64    // up to which message
	gone    uint64    // the oldest that the origin keeps, by its word
	told    uint64    // the origin, of what is here
}

// have is up to which all messages are there.
func (s *stream) have() uint64 { return s.next - 1 }

// lacks tells whether a message is known of that is not there.
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

// missing returns the first run of messages to ask for.
func (s *stream) missing() want {
	w := want{Stream: s.Stream, from: s.next}
	for seq := s.next; seq <= s.known && w.count < wantAtOnce; seq++ {
		if _, ok := s.pending[seq]; ok {
			break
		}
		w.count++
	}
	return w
}

// due returns when something is to be done about the stream; the zero time for
// never.
func (s *stream) due() time.Time {
	switch {
	case !s.started:
		return s.created.Add(startWithin)
	case !s.lacks():
		return time.Time{}
	case s.asked.IsZero():
		return s.since.Add(wantAfter)
	}
	return s.asked.Add(wantEvery)
}
