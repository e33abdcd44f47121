// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"time"
)

const (
	// windowPerReporter is how many candidates of one member's report may be greeted and
	// not have answered. The next is greeted when one has. So greetings go out as fast as
	// others answer, and nodes that all join at once on busy machines do not bury each
	// other. A member that reports nonsense holds up only its own.
	windowPerReporter = 16
	// windowAll is that of all reports together.
	windowAll = 64
	// placeFor is how long a candidate that does not answer keeps its place.
	placeFor = 300 * time.Millisecond
)

// window counts the handshakes under way, by the member that reported the candidate.
type window struct {
	perReporter map[netip.AddrPort]int
	all         int
}

// take takes a place. It returns false when none is free.
func (w *window) take(reporter netip.AddrPort) bool {
	if w.all >= windowAll || w.perReporter[reporter] >= windowPerReporter {
		return false
	}
	w.all++
	w.perReporter[reporter]++
	return true
}

// free gives a place back.
func (w *window) free(reporter netip.AddrPort) {
	w.all--
	decrement(w.perReporter, reporter)
}

const (
	// paceShare is the weight of one answer in the smoothed time that answers take.
	paceShare = 4
	// paceFactor is how many of those times pass before the second greeting.
	paceFactor = 6
	// maxStretch bounds how much longer the intervals of greetings become.
	maxStretch = 16
)

// pace follows how long greetings take to be answered, so that nodes without the time to
// answer are not asked again before they could have.
type pace struct {
	smoothed time.Duration
	faded    time.Time
	slow     float64 // the least stretch, from 1 on
}

// answered records that a candidate answered a greeting after a time. The first answer, mostly of a seed,
// is all that is known when a node that joins greets many others at once.
func (p *pace) answered(took time.Duration) {
	if p.smoothed == 0 {
		p.smoothed = took
		return
	}
	p.smoothed += (took - p.smoothed) / paceShare
}

// fade forgets a quarter of the time each second.
func (p *pace) fade(now time.Time) {
	if now.Sub(p.faded) >= time.Second {
		p.smoothed -= p.smoothed / paceShare
		p.faded = now
	}
}

// stretch returns an interval of greetings at the present pace.
func (p *pace) stretch(d time.Duration) time.Duration {
	factor := float64(paceFactor*p.smoothed) / float64(greetingTimes[1])
	return time.Duration(float64(d) * min(max(factor, p.slow, 1), maxStretch))
}
