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

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// Small is the size up to which a cluster is small: the node that finds out tells all.
// In a larger one each node that learns of a change tells 2.5·ln n others, Smudge's own
// fan-out.
const Small = 64

// newsInterval is waited between two disseminations: where there is much news, it goes
// together.
const newsInterval = 20 * time.Millisecond

// maxNews is how many entries go into one datagram: 41 bytes each with IPv6.
const maxNews = 24

// News are the entries that wait to be disseminated. Smudge spreads a suspicion or a
// death little by little, on what it sends anyway, in some five datagrams. Here the news
// goes to all at once, acknowledged as any datagram is, in Smudge's own words: Smudge is
// made to send one datagram, and its entry about the member is passed on.
//
//	Smudge ─▶ OnStatus ─▶ prompt ─▶ Smudge ─▶ Outgoing: the entry ─▶ News ─▶ all
//
// The zero value is empty.
type News struct {
	waiting []datagram.Entry
	after   time.Time // nothing is sent before
}

// Add adds an entry, to go out with the next Tick.
func (n *News) Add(e datagram.Entry) { n.waiting = append(n.waiting, e) }

// Tick returns the entries to send now, a batch for each datagram. The interval is slow times
// as long as usual. It returns when to call it next; the zero time is never.
func (n *News) Tick(slow int, now time.Time) (batches [][]datagram.Entry, next time.Time) {
	switch {
	case len(n.waiting) == 0:
		return nil, time.Time{}
	case n.after.After(now):
		return nil, n.after
	}
	n.after = now.Add(newsInterval * time.Duration(slow))
	batches = slices.Collect(slices.Chunk(n.waiting, maxNews))
	n.waiting = nil
	return batches, time.Time{}
}

// Audience returns the members that are told news: all, or some if there are many. It
// may reorder the members.
func Audience(members []netip.AddrPort, random *rand.Rand) []netip.AddrPort {
	if len(members) <= Small {
		return members
	}
	random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return members[:int(2.5*math.Log(float64(len(members)+1))+0.5)]
}
