// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"slices"
	"time"
)

const (
	// maxUnderway bounds how many batches of pushes are under way: a third of the members they
	// were sent to have not acknowledged them yet. An origin begins with firstUnderway.
	maxUnderway   = 64
	firstUnderway = 4
	// minPush is how many batches may go out together, however small the window is.
	// A member that is short of processor time wakes up once for them.
	minPush = 4
	// lateFactor, lateSlack and latePerMember say when a batch is late: after lateFactor times what
	// the fastest one of the last minute or two took, and lateSlack, in which two delayed
	// acknowledgements are, and what the origin takes to send to so many members; after lateMost in
	// any case, or the fastest one would be slow when all have been for minutes.
	lateFactor    = 2
	lateSlack     = 20 * time.Millisecond
	latePerMember = 300 * time.Microsecond
	lateMost      = 500 * time.Millisecond
	fastestFor    = time.Minute
	// underwayFor is for how long a batch counts whose acknowledgements do not come.
	underwayFor = time.Second
)

// underway is how an origin controls congestion. It has a window of batches, which grows by
// one in a round trip, and is halved, once in a round trip, when batches are late (as in TCP Vegas: Brakmo, Peterson,
// "TCP Vegas: End to End Congestion Avoidance on a Global Internet", 1995). So where members
// are slow to read, because all are short of processor time, it sends as fast as they read,
// larger batches less often, and their receive buffers stay short: what else is in them,
// answers to pings, is late by as much. A third of the members is enough, so that those that are
// slow or dead hold up nobody, nor does loss: at 30 % in each direction, half of them acknowledge
// the first try. The zero value is an origin that has sent nothing.
type underway struct {
	batches []batch          // oldest first
	size    float64          // of the window, from 1 on; 0 for firstUnderway
	fastest [2]time.Duration // what the fastest batch took, since and in the fastestFor before; 0 if none ended
	since   time.Time
	halved  time.Time // when the window last was
}

// batch is a batch of pushes.
type batch struct {
	token   uint64
	members int // that it was sent to, and that are waited for
	wait    int // how many more acknowledgements end it
	at      time.Time
}

// room returns when another push may be sent; now if it may be already. That is when half of the
// window is free: the batches of a push end one after another, and if each of them made room for the
// next, all pushes would soon be of one batch (the silly window syndrome, RFC 813).
func (u *underway) room(now time.Time) time.Time {
	for len(u.batches) > 0 && now.Sub(u.batches[0].at) >= underwayFor {
		u.batches = u.batches[1:]
		u.size = 1
	}
	if 2*len(u.batches) <= u.window() {
		return now
	}
	return u.batches[0].at.Add(underwayFor)
}

// more reports whether another batch may follow those that were sent now.
func (u *underway) more(now time.Time) bool {
	n := len(u.batches)
	return n < u.window() || n < minPush && u.batches[0].at.Equal(now)
}

func (u *underway) window() int {
	if u.size == 0 {
		return firstUnderway
	}
	return int(u.size)
}

// sent notes that a batch was sent to so many members that are waited for.
func (u *underway) sent(token uint64, members int, now time.Time) {
	if wait := (members + 2) / 3; wait > 0 {
		u.batches = append(u.batches, batch{token, members, wait, now})
	}
}

// acked notes that a member has acknowledged a batch. It reports whether that ended the batch, late.
func (u *underway) acked(token uint64, now time.Time) (late bool) {
	i := slices.IndexFunc(u.batches, func(b batch) bool { return b.token == token })
	if i < 0 {
		return false
	}
	if u.batches[i].wait--; u.batches[i].wait > 0 {
		return false
	}
	b := u.batches[i]
	u.batches = slices.Delete(u.batches, i, i+1)
	if u.size == 0 {
		u.size = firstUnderway
	}
	late = u.late(now.Sub(b.at), b.members, now)
	switch {
	case !late:
		u.size = min(u.size+1/u.size, maxUnderway)
	case !b.at.Before(u.halved): // and not one of those for which it was halved
		u.size, u.halved = max(1, u.size/2), now
	}
	return late
}

// late reports whether a batch to so many members that took so long was late.
func (u *underway) late(took time.Duration, members int, now time.Time) bool {
	if now.Sub(u.since) >= fastestFor {
		u.fastest, u.since = [2]time.Duration{0, u.fastest[0]}, now
	}
	if u.fastest[0] == 0 || took < u.fastest[0] {
		u.fastest[0] = took
	}
	fastest := u.fastest[0]
	if u.fastest[1] > 0 {
		fastest = min(fastest, u.fastest[1])
	}
	return took > min(lateFactor*fastest+lateSlack+time.Duration(members)*latePerMember, lateMost)
}
