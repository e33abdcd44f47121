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

// Late takes how late a loop of this node was: it waits the longer for others. Nothing happens for
// one that was not late.
func (c *Core) Late(now time.Time, loop lateness.Loop, by time.Duration) {
	if by <= 0 {
		return
	}
	if by >= lateness.From {
		c.count(countLate[loop])
	}
	c.late(c.awareness.Late(by), now)
}
