// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package lateness measures how late the loops of this node are: a node that gets no processor
// time does late what is due. What follows from that is up to package membership.
package lateness

import "time"

// From is how late a loop must be to be reported. It is well over what a timer of the system is
// late by.
const From = 25 * time.Millisecond

// Loop names a loop of this node.
type Loop uint8

// The loops that are measured.
const (
	Wire       Loop = iota // retransmissions and acknowledgements
	Membership             // handshakes, questions, anti-entropy, and which member is pinged when
	Broadcast              // pushes and repairs of messages
	Queries                // repetitions and timeouts of users' questions
	Engine                 // Smudge's pings, up to the wire, and what it finds
	Joiner                 // seeds, and the members from before a restart

	Loops // how many there are
)

// Due is when a loop must do something. Its zero value is never.
type Due struct{ next, from time.Time }

// Set sets when something is due; the zero time is never. What is due before now is only late from
// now on: nobody knew of it.
func (d *Due) Set(next, now time.Time) {
	if next.Equal(d.next) {
		return
	}
	d.next, d.from = next, next
	if next.Before(now) {
		d.from = now
	}
}

// Sooner is Set if next is before what was set.
func (d *Due) Sooner(next, now time.Time) {
	if !next.IsZero() && (d.next.IsZero() || next.Before(d.next)) {
		d.Set(next, now)
	}
}

// Done returns how late that is done which is due, 0 or at least From. If nothing is due yet, it
// stays set.
func (d *Due) Done(now time.Time) (late time.Duration) {
	if d.next.IsZero() || d.next.After(now) {
		return 0
	}
	late = now.Sub(d.from)
	*d = Due{}
	if late < From {
		return 0
	}
	return late
}
