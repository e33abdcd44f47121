// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package spread brings all nodes to know the same: news of members that changed are
// disseminated at once, and anti-entropy finds what was lost. Its types do no IO,
// read no clock and are not safe for concurrent use.
package spread

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// Small is the size up to which a cluster is small: the node that finds out tells all.
// In a larger one each node that learns of a change tells ln n + 2 others, as a message is
// pushed: all hear of it seven times in eight, and those that do not hear by Smudge, or by
// comparing.
const Small = 64

const (
	// framesPerSecond bounds the frames with news that a node sends; maxSaved is how many
	// of them it may save up.
	framesPerSecond = 400
	maxSaved        = 2 * framesPerSecond
	// recoveredShare is the share of the nodes of a large cluster that tell on, when they
	// were told, that a member is alive after all: one in so many.
	recoveredShare = 4
)

// newsInterval is waited between two disseminations: where there is much news, it goes
// together.
const newsInterval = 20 * time.Millisecond

const (
	// maxNews is how many entries go into one datagram: 41 bytes each with IPv6.
	maxNews = 24
	// maxWaiting bounds the entries that wait.
	maxWaiting = 1024
)

// News are the entries that wait to be disseminated. Smudge spreads a suspicion or a
// death little by little, on what it sends anyway, in some five datagrams. Here the news
// goes to all at once, acknowledged as any datagram is, in Smudge's own words: Smudge is
// made to send one datagram, and its entry about the member is passed on.
//
//	Smudge ─▶ OnStatus ─▶ prompt ─▶ Smudge ─▶ Outgoing: the entry ─▶ News ─▶ all
//
// Past the bound of entries the oldest is dropped: Smudge spreads it, and it is compared.
type News struct {
	waiting []datagram.Entry
	after   time.Time // nothing is sent before
	limit   *rate.Limiter
}

// NewNews returns empty News.
func NewNews() *News { return &News{limit: rate.NewLimiter(framesPerSecond, maxSaved)} }

// Add adds an entry, to go out with the next Tick. It replaces one about the same member. It
// returns false if another was dropped for it.
func (n *News) Add(e datagram.Entry) bool {
	n.waiting = slices.DeleteFunc(n.waiting, func(o datagram.Entry) bool { return o.Addr == e.Addr })
	n.waiting = append(n.waiting, e)
	if len(n.waiting) <= maxWaiting {
		return true
	}
	n.waiting = slices.Delete(n.waiting, 0, 1)
	return false
}

// Tick returns the entries to send now to so many members, a batch for each datagram. The
// interval is slow times as long as usual. It returns when to call it next; the zero time is
// never.
func (n *News) Tick(slow, audience int, now time.Time) (batches [][]datagram.Entry, next time.Time) {
	switch {
	case len(n.waiting) == 0:
		return nil, time.Time{}
	case n.after.After(now):
		return nil, n.after
	}
	n.after = now.Add(newsInterval * time.Duration(slow))
	for len(n.waiting) > 0 {
		if !n.limit.AllowN(now, min(audience, maxSaved)) {
			return batches, n.after
		}
		some := min(len(n.waiting), maxNews)
		batches = append(batches, n.waiting[:some])
		n.waiting = n.waiting[some:]
	}
	return batches, time.Time{}
}

// Audience returns the members that are told news: all, or some if there are many. It
// may reorder the members.
func Audience(members []netip.AddrPort, random *rand.Rand) []netip.AddrPort {
	if len(members) <= Small {
		return members
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return members[:AudienceSize(len(members))]
}

// AudienceSize returns how many of so many members are told news.
func AudienceSize(members int) int {
	if members <= Small {
		return members
	}
	return int(math.Ceil(math.Log(float64(members+1)))) + 2
}

// Forwards reports whether a node that was told that a member is alive after all tells others.
// In a small cluster the node that found it out has told all.
func Forwards(members int, random *rand.Rand) bool {
	return members > Small && random.IntN(recoveredShare) == 0
}
