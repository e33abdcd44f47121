// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"path"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
)

// Follow makes the Broadcaster call f with each delivery, in the order in which readers
// get them. f must be quick and not call the Broadcaster. Follow must be called before
// Run.
func (b *Broadcaster) Follow(f func(Delivery)) { b.follow = f }

// deliverLocked passes a delivery to all readers.
func (b *Broadcaster) deliverLocked(d Delivery) {
	b.hub.Publish(d)
	if b.follow != nil {
		b.follow(d)
	}
}

// Publish passes a retained message to readers. Those of other nodes get it from package retained there.
func (b *Broadcaster) Publish(m Message) { b.hub.Publish(Delivery{Message: m}) }

// Query selects the messages that a reader gets. The zero Query selects all from now on.
type Query struct {
	Topics  []string         // any of them, as MatchTopic has it; all when empty
	Origins []netip.AddrPort // any of them; all when empty
	// Origin reports whether messages of an origin are wanted, too; nil for all. Subscribe
	// calls it with a lock held.
	Origin func(netip.AddrPort) bool
	// Last is the number of kept messages to begin with. Since selects those received
	// at that time or later. If both are zero, no kept message is returned.
	Last  int
	Since time.Time
}

// Wants reports whether the reader wants a delivery. A gap has no topic, so every
// reader of its origin gets it.
func (q *Query) Wants(d Delivery) bool {
	origin := d.Message.Origin
	if d.Gap.To != 0 {
		origin = d.Gap.Origin
	}
	return (len(q.Topics) == 0 || d.Gap.To != 0 || MatchTopic(q.Topics, d.Message.Topic)) &&
		(len(q.Origins) == 0 || slices.Contains(q.Origins, origin)) && (q.Origin == nil || q.Origin(origin))
}

// MatchTopic reports whether a topic is one of some, or matches one of them as a pattern.
func MatchTopic(topics []string, topic string) bool {
	return slices.ContainsFunc(topics, func(t string) bool {
		matches, _ := path.Match(t, topic) // what is no pattern matches nothing
		return t == topic || matches
	})
}

// Subscribe begins a reader's subscription with a buffer of that many deliveries. It
// returns the kept messages that the query selects, the oldest first. Nothing is missed
// or delivered twice between them and the subscription.
func (b *Broadcaster) Subscribe(q Query, buffer int) ([]Message, *fanout.Subscription[Delivery]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sub := b.hub.Subscribe(buffer)
	n := q.Last
	if !q.Since.IsZero() && n == 0 {
		n = -1
	}
	if n == 0 {
		return nil, sub
	}
	return b.core.store.last(n, q.Since, func(m Message) bool { return q.Wants(Delivery{Message: m}) }), sub
}

// Close ends all subscriptions.
func (b *Broadcaster) Close() { b.hub.Close() }
