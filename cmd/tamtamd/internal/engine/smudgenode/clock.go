// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import "time"

// Smudge measures round trips by the wall clock, in unsigned milliseconds. If the clock
// is set back by 1 ms between a ping and its answer, the round trip is 49 days, and the
// probe timeout is three weeks until fifty other answers have come. If it is set forward,
// the ping times out at once.

// checkClockLocked makes good what a wall clock that has been set does to Smudge. It runs
// before each answer that Smudge gets. n.delivering must be held.
func (n *Node) checkClockLocked() {
	if jump := n.clock.Jump(time.Now()); jump != 0 {
		n.counts.Inc(clockSets)
		n.gate.enter()
		shiftPendingAcks(jump)
		n.gate.leave()
		fillPingHistory()
	}
}

// shiftPendingAcks moves the start of each ping that is under way by as much as the clock
// was set, so that it times out when it should.
func shiftPendingAcks(by time.Duration) {
	pendingAcks.Lock()
	defer pendingAcks.Unlock()
	for _, pending := range pendingAcks.m {
		pending.startTime += uint32(by.Milliseconds()) // mod 2³², as Smudge counts
	}
}
