// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package spread

import (
	"encoding/binary"
	"hash/fnv"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// CompareInterval is the time, on average, between two comparisons of a node's members with those
// of another. It does not depend on the probe interval: an operator who has nodes ping less often
// does not mean them to agree later.
const CompareInterval = 15 * time.Second

// A member is answered answersBurst questions at once and then one a second. It needs
// one when it joins; each answer is as long as the list of members, and is retransmitted
// to a node that does not acknowledge it.
const answersBurst = 4

// Comparisons in which only the dead differ: a member is answered deadBurst at once and one each
// deadEvery, and all members together deadBurstOfAll and one each deadEveryOfAll. That many make a
// death known to all. Nodes that cannot agree, since they forget the dead after another
// --reconnect-timeout or have no place for them, do not exchange records each time, and one that asks
// again and again leaves the others most of what there is.
const (
	deadBurst      = 4
	deadEvery      = 10 * time.Minute
	deadBurstOfAll = 16
	deadEveryOfAll = 2 * time.Minute
)

// recoveredInterval is waited between two disseminations of members that are alive after
// all, for each member: when a partition heals, there are many at once, and all
// are told by all.
const recoveredInterval = 2 * time.Millisecond

// AntiEntropy brings a cluster together, whatever was lost: a node that joins sends its
// members to the node that answered, and asks for what that node knows; and from time to
// time each node compares with a random member. What it learns is hearsay: the addresses
// are greeted.
//
//	A ── ask, digest ──▶ B   the same digest: no more
//	A ◀── the digests of the buckets ── B
//	A ── ask, records in the buckets that differ ──▶ B
//	A ◀── records in these buckets ── B
//
// A node of an earlier version compares and exchanges addresses only:
//
//	A ── ask, digest ──▶ B
//	A ◀── ask, members ── B
//	A ── members ──▶ B
type AntiEntropy struct {
	compare   time.Time                        // the next comparison; zero before the first is planned
	answers   map[netip.AddrPort]*rate.Limiter // of questions
	dead      map[netip.AddrPort]*rate.Limiter // of comparisons in which only the dead differ
	allDead   *rate.Limiter                    // and of those of all members
	recovered []netip.AddrPort                 // members to be told to others
	after     time.Time                        // they are not told before
}

// NewAntiEntropy returns an AntiEntropy whose first comparison is not yet planned.
func NewAntiEntropy() *AntiEntropy {
	return &AntiEntropy{
		answers: make(map[netip.AddrPort]*rate.Limiter),
		dead:    make(map[netip.AddrPort]*rate.Limiter),
		allDead: rate.NewLimiter(rate.Every(deadEveryOfAll), deadBurstOfAll),
	}
}

// Next returns when the next comparison is due.
func (a *AntiEntropy) Next() time.Time { return a.compare }

// Due reports whether a comparison is due. If one is, or none is planned, the next
// one is planned after wait.
func (a *AntiEntropy) Due(wait time.Duration, now time.Time) bool {
	if a.compare.After(now) {
		return false
	}
	due := !a.compare.IsZero()
	a.compare = now.Add(wait)
	return due
}

// Answers reports whether a question of a member is answered: it may ask so often only.
func (a *AntiEntropy) Answers(from netip.AddrPort, now time.Time) bool {
	return limitOf(a.answers, from, 1, answersBurst).AllowN(now, 1)
}

// AnswersDead is Answers for a comparison in which only the dead differ.
func (a *AntiEntropy) AnswersDead(from netip.AddrPort, now time.Time) bool {
	return limitOf(a.dead, from, rate.Every(deadEvery), deadBurst).AllowN(now, 1) && a.allDead.AllowN(now, 1)
}

// limitOf returns the limiter of a member, a new one if it has none.
func limitOf(all map[netip.AddrPort]*rate.Limiter, m netip.AddrPort, every rate.Limit, burst int) *rate.Limiter {
	limit := all[m]
	if limit == nil {
		limit = rate.NewLimiter(every, burst)
		all[m] = limit
	}
	return limit
}

// Forget forgets a member: it was removed, or has another session.
func (a *AntiEntropy) Forget(m netip.AddrPort) {
	delete(a.answers, m)
	delete(a.dead, m)
}

// Recovered notes that a member that was dead has answered. It is reported to others, so
// that they greet it now and not when it is its turn.
func (a *AntiEntropy) Recovered(m netip.AddrPort) { a.recovered = append(a.recovered, m) }

// TickRecovered returns the recovered members to be told to others now. It returns when
// to call it next; the zero time is never.
func (a *AntiEntropy) TickRecovered(members int, now time.Time) (recovered []netip.AddrPort, next time.Time) {
	switch {
	case len(a.recovered) == 0:
		return nil, time.Time{}
	case a.after.After(now):
		return nil, a.after
	}
	recovered, a.recovered = a.recovered, nil
	a.after = now.Add(time.Duration(members) * recoveredInterval)
	return recovered, time.Time{}
}

// Digest stands for a set of addresses, whatever their order. Its zero value is the
// empty set's.
type Digest uint64

// Add returns the digest with an address added, or taken out if it was in.
func (d Digest) Add(a netip.AddrPort) Digest {
	h := fnv.New64a()
	ip := a.Addr().As16()
	_, _ = h.Write(binary.BigEndian.AppendUint16(ip[:], a.Port()))
	return d ^ Digest(h.Sum64())
}

// Sum returns the digest as it is sent. It is never 0, which stands for none.
func (d Digest) Sum() uint64 { return max(uint64(d), 1) }
