// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "time"

// Timing is how long a link waits for what.
type Timing struct {
	// AckDelay is how long an acknowledgement waits for a frame to ride on.
	AckDelay time.Duration
	// FirstTimeout is waited before a frame is retransmitted while the round trip is
	// not known; MinTimeout and MaxTimeout bound it afterwards. MinTimeout must be well
	// over AckDelay.
	FirstTimeout, MinTimeout, MaxTimeout time.Duration
	// Lifetime is after how long a frame is out of date.
	Lifetime time.Duration
}

// LAN is for round trips of up to some tens of milliseconds. Smudge waits 400 ms
// for an answer: at 40 ms a ping and its answer have ten tries in that time, and
// fail at 30 % loss once in 800 times, before Smudge asks others.
var LAN = Timing{
	AckDelay: 10 * time.Millisecond, FirstTimeout: 60 * time.Millisecond,
	MinTimeout: 40 * time.Millisecond, MaxTimeout: 400 * time.Millisecond, Lifetime: 3 * time.Second,
}

// WAN is for round trips of up to some hundreds of milliseconds, with Smudge waiting
// for two seconds.
var WAN = Timing{
	AckDelay: 20 * time.Millisecond, FirstTimeout: 400 * time.Millisecond,
	MinTimeout: 100 * time.Millisecond, MaxTimeout: 2 * time.Second, Lifetime: 10 * time.Second,
}

// Local is for one machine, with Smudge waiting for 200 ms.
var Local = Timing{
	AckDelay: 5 * time.Millisecond, FirstTimeout: 40 * time.Millisecond,
	MinTimeout: 20 * time.Millisecond, MaxTimeout: 200 * time.Millisecond, Lifetime: 2 * time.Second,
}

// steadyTries is how many times a frame is sent at one interval before the
// interval is doubled each time. RFC 6298 doubles at once; a lossy link is not a
// congested one here, where a member sends some packets a second.
const steadyTries = 10

// longestFactor is how many times longer than MaxTimeout a frame waits at most, when its
// interval is doubled.
const longestFactor = 4

// longest returns the longest interval of a frame.
func (t Timing) longest() time.Duration { return longestFactor * t.MaxTimeout }

// wait returns how long to wait after the given number of tries, of which so many are at one
// interval.
func (t Timing) wait(timeout time.Duration, tries, steady int) time.Duration {
	for ; tries > steady && timeout < t.longest(); tries-- {
		timeout *= 2
	}
	return min(timeout, t.longest())
}
