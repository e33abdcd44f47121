// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"math"
	"time"
)

const (
	// maxMissed is how likely it may be that a member that lives is taken for silent since all
	// that it was asked, or its answers, were lost.
	maxMissed = 1.0 / 1000
	// maxAsks bounds how many times a member is asked. It is enough for half of all packets lost.
	maxAsks = 25
	// maxLoss is more than maxAsks are enough for.
	maxLoss = 0.9
	// unknownLoss is what counts while the loss is not known, as on a node that has just started, or
	// whose members send each other little: nearly a quarter of the packets on each way. It is the most
	// for which the question takes no longer; it makes 8 asks, which askers make in the time of six.
	unknownLoss = 0.42
)

// pace is how a member is asked whether it lives: so many times, one every interval. Its silence
// counts when it has not answered the last of them within the last wait.
type pace struct {
	asks           int
	interval, last time.Duration
}

// wait returns how long to wait after so many asks.
func (p pace) wait(sent int) time.Duration {
	if sent >= p.asks {
		return p.last
	}
	return p.interval
}

// whole returns how long all takes.
func (p pace) whole() time.Duration { return p.left(1) }

// left returns how long the rest takes, just after so many asks, of which there was one at least.
func (p pace) left(sent int) time.Duration {
	return time.Duration(max(p.asks-sent, 0))*p.interval + p.last
}

// Measured takes what the links of this node show recently: the share of frames that are lost, or
// their acknowledgements, 0 to 1, and whether it is known; and the round trip, 0 when that is not known.
func (a *Awareness) Measured(loss float64, known bool, roundTrip time.Duration) {
	if !known {
		loss = unknownLoss
	}
	a.loss, a.roundTrip = loss, roundTrip
}

// pace returns how a member is asked that is asked least times on a network without loss, one
// every interval. If more asks are needed, they are made in the same time as long as they are the
// shortest interval apart. A member that takes as long to answer as others did recently is asked for
// longer; and all have a round trip after the last ask. On a local network without loss nothing of
// this changes anything.
func (a *Awareness) pace(least int, interval, shortest time.Duration) pace {
	asks := a.Asks(least)
	n := time.Duration(asks)
	whole := max(time.Duration(least)*interval, n*shortest, a.AnswerWait())
	between := whole / n
	return pace{asks, between, max(whole-(n-1)*between, min(a.roundTrip, maxAnswerWait))}
}

// Asks returns how many times a member is asked, least times at least: so often that a live one is most likely heard.
// An ask fails if it or its answer is lost, and a frame counts as lost if it or its acknowledgement
// is. So k asks all fail with a chance of lossᵏ, if each is lost independently:
//
//	lost on each way   of all frames   asks until 1 in 1,000
//	            10 %            19 %     5
//	            30 %            51 %    11
//	            50 %            75 %    25
func (a *Awareness) Asks(least int) int {
	if a.loss <= 0 {
		return least
	}
	needed := math.Ceil(math.Log(maxMissed) / math.Log(min(a.loss, maxLoss)))
	return max(least, int(min(needed, maxAsks)))
}
