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

// Small is the size up to which a cluster is small: a node that has met a member again tells
// all. In a larger one it tells ln n + 2 others, as a message is pushed, and one in four of
// them tells as many: those that do not hear of it do by comparing.
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

// Letter is a datagram of news for a member.
type Letter struct {
	To      netip.AddrPort
	Entries []datagram.Entry
}

// item is an entry that waits to be sent.
type item struct {
	entry datagram.Entry
	left  int // members that it is still for; 0 if it was dropped or has been sent to all
}

func (it *item) over() bool { return it.left == 0 }

// News are the entries that wait to be disseminated. Smudge spreads a suspicion or a
// death little by little, on what it sends anyway, in some five datagrams. Here the news
// goes at once to those that must know it, acknowledged as any datagram is, in Smudge's own
// words: Smudge is made to send one datagram, and its entry about the member is passed on.
//
//	Smudge ─▶ OnStatus ─▶ prompt ─▶ Smudge ─▶ Outgoing: the entry ─▶ News ─▶ members
//
// Past the bound of entries the oldest is dropped: Smudge spreads it, and it is compared.
//
// When half of a large cluster is lost, hundreds of entries wait, each for hundreds of members. So
// what waits is kept by the member that it is for: a datagram takes no look at the rest.
type News struct {
	waiting []*item                    // the oldest first
	about   map[netip.AddrPort]*item   // those that wait, by the member that they are about
	mail    map[netip.AddrPort][]*item // by the member that they are for, the oldest first; some are over
	turns   []netip.AddrPort           // the keys of mail, in the order in which they are sent to
	after   time.Time                  // nothing is sent before
	limit   *rate.Limiter
}

// NewNews returns empty News.
func NewNews() *News {
	n := &News{limit: rate.NewLimiter(framesPerSecond, maxSaved)}
	n.clear()
	return n
}

func (n *News) clear() {
	n.waiting, n.turns = nil, nil
	n.about, n.mail = make(map[netip.AddrPort]*item), make(map[netip.AddrPort][]*item)
}

// Add adds an entry, to go out to some members with the next Tick. It replaces one about the
// same member. It returns false if another was dropped for it.
func (n *News) Add(e datagram.Entry, to []netip.AddrPort) bool {
	if old := n.about[e.Addr]; old != nil {
		n.drop(old)
	}
	if len(to) == 0 {
		return true
	}
	it := &item{entry: e, left: len(to)}
	n.waiting = append(n.waiting, it)
	n.about[e.Addr] = it
	for _, a := range to {
		n.post(it, a)
	}
	if len(n.waiting) <= maxWaiting {
		return true
	}
	n.drop(n.waiting[0])
	return false
}

// post has an item wait for a member.
func (n *News) post(it *item, to netip.AddrPort) {
	mail, has := n.mail[to]
	if !has {
		n.turns = append(n.turns, to)
	}
	if len(mail) >= maxWaiting { // some are over, since no more than that wait
		mail = slices.DeleteFunc(mail, (*item).over)
	}
	n.mail[to] = append(mail, it)
}

// drop has an item wait no more.
func (n *News) drop(it *item) {
	it.left = 0
	delete(n.about, it.entry.Addr)
	if i := slices.Index(n.waiting, it); i >= 0 {
		n.waiting = slices.Delete(n.waiting, i, i+1)
	}
}

// Tick returns what to send now. The interval is slow times as long as usual. It returns when
// to call it next; the zero time is never.
func (n *News) Tick(slow int, now time.Time) (letters []Letter, next time.Time) {
	switch {
	case len(n.waiting) == 0:
		return nil, time.Time{}
	case n.after.After(now):
		return nil, n.after
	}
	n.after = now.Add(newsInterval * time.Duration(slow))
	for len(n.waiting) > 0 {
		to := n.turns[0]
		mail := slices.DeleteFunc(n.mail[to], (*item).over)
		if len(mail) > 0 && !n.limit.AllowN(now, 1) {
			n.mail[to] = mail
			return letters, n.after
		}
		n.turns = n.turns[1:]
		delete(n.mail, to)
		if len(mail) > 0 {
			letters = append(letters, n.take(to, mail))
		}
	}
	n.clear() // what is left is over
	return letters, time.Time{}
}

// take takes what waits for a member, as far as it fits into a datagram. The rest waits for its next
// turn.
func (n *News) take(to netip.AddrPort, mail []*item) Letter {
	l := Letter{To: to}
	for _, it := range mail[:min(len(mail), maxNews)] {
		l.Entries = append(l.Entries, it.entry)
		if it.left--; it.over() {
			n.drop(it)
		}
	}
	if rest := mail[len(l.Entries):]; len(rest) > 0 {
		n.mail[to] = rest
		n.turns = append(n.turns, to)
	}
	return l
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
