// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"time"
)

const (
	// maxFailures bounds the addresses whose failures are remembered. One past it is
	// greeted as if it had not failed.
	maxFailures = 1024
	// failureLife is for how long a failure is remembered.
	failureLife = time.Minute
	// maxDoubled is how many times the intervals of greetings are doubled at most.
	maxDoubled = 3
)

// failures are the addresses that did not answer recently. A seed that is not there is
// joined again and again, and so is one that has no time to answer: it is greeted less often
// each time.
type failures struct {
	m       map[netip.AddrPort]failure
	ignored uint64 // at the bound
}

// failure is how often in a row an address did not answer, and when it last failed.
type failure struct {
	times int
	at    time.Time
}

// note notes that an address did not answer.
func (f *failures) note(a netip.AddrPort, now time.Time) {
	if _, again := f.m[a]; !again && len(f.m) >= maxFailures {
		f.expire(now)
		if len(f.m) >= maxFailures {
			f.ignored++
			return
		}
	}
	f.m[a] = failure{min(f.times(a, now)+1, maxDoubled), now}
}

// times returns how often in a row an address did not answer, at most maxDoubled.
func (f *failures) times(a netip.AddrPort, now time.Time) int {
	if last, ok := f.m[a]; ok && now.Sub(last.at) < failureLife {
		return last.times
	}
	return 0
}

// forget forgets the failures of an address, which has answered.
func (f *failures) forget(a netip.AddrPort) { delete(f.m, a) }

// expire forgets what was long ago.
func (f *failures) expire(now time.Time) {
	for a, last := range f.m {
		if now.Sub(last.at) >= failureLife {
			delete(f.m, a)
		}
	}
}
