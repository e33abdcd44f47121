// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
)

var lateMetric = &counter.Metric{
	Name: "tamtam_loop_late_total", Label: "loop",
	Help: "Times that a loop of this node was late by 25 ms or more, as all are when the node gets no processor time.",
}

// countLate has the counter of each loop.
var countLate = [lateness.Loops]*counter.Counter{
	lateness.Wire:       counters.Of(lateMetric, "late_wire", "wire"),
	lateness.Membership: counters.Of(lateMetric, "late_membership", "membership"),
	lateness.Broadcast:  counters.Of(lateMetric, "late_broadcast", "broadcast"),
	lateness.Queries:    counters.Of(lateMetric, "late_queries", "queries"),
	lateness.Engine:     counters.Of(lateMetric, "late_engine", "engine"),
	lateness.Joiner:     counters.Of(lateMetric, "late_joiner", "joiner"),
}

// behindFor is for how long after a node was late what it finds out may be of the time before. It is
// longer than a member is asked.
const behindFor = 10 * time.Second

// longestBehind bounds how far back that goes while a node is late all the time.
const longestBehind = 10 * time.Minute

// behind is the last time in which this node was too late to accuse others.
type behind struct{ from, until time.Time }

// since returns since when a death may be that this node finds out now: what it was late for, it
// would have found out at the beginning of that.
func (b behind) since(now time.Time) time.Time {
	if now.Sub(b.until) < behindFor {
		return b.from
	}
	return now
}

// Late takes how late a loop of this node was: it waits the longer for others. Nothing happens for
// one that was not late.
func (c *Core) Late(now time.Time, loop lateness.Loop, by time.Duration) {
	if by <= 0 {
		return
	}
	if by >= lateness.From {
		c.count(countLate[loop])
	}
	trusted := c.awareness.Trusted()
	c.late(c.awareness.Late(by), now)
	if !c.awareness.Trusted() {
		// One spell may last for hours. What is learned in it is not older than some minutes.
		if began := now.Add(-max(by, longestBehind)); trusted {
			c.behind.from = now.Add(-by)
		} else if c.behind.from.Before(began) {
			c.behind.from = began
		}
		c.behind.until = now
	}
}
