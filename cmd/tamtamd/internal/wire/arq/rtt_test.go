// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"slices"
	"testing"
	"time"
)

// TestTimeout: it follows the round trip and its variance, quickly downwards, within its
// bounds, and doubles after many tries.
func TestTimeout(t *testing.T) {
	for _, c := range []struct {
		name    string
		samples []time.Duration
		want    time.Duration
	}{
		{"no sample", nil, LAN.FirstTimeout},
		{"fast", []time.Duration{ms}, LAN.MinTimeout},
		{"one", []time.Duration{30 * ms}, 90 * ms},
		{"steady", slices.Repeat([]time.Duration{50 * ms}, 50), 50 * ms},
		{"slow", []time.Duration{time.Second}, time.Second},
		{"slow once", append([]time.Duration{400 * ms}, slices.Repeat([]time.Duration{ms}, 8)...), LAN.MinTimeout},
	} {
		var r rtt
		for _, d := range c.samples {
			r.sample(d, start)
		}
		if have := r.timeout(LAN, LAN.FirstTimeout, start); have < c.want || have > c.want+c.want/10 {
			t.Errorf("%s: %v, want %v", c.name, have, c.want)
		}
	}
	for tries, want := range map[int]time.Duration{1: 50 * ms, steadyTries: 50 * ms, steadyTries + 1: 100 * ms, steadyTries + 2: 200 * ms, steadyTries + 9: LAN.longest()} {
		if have := LAN.wait(50*ms, tries, steadyTries); have != want {
			t.Errorf("after %d tries: %v, want %v", tries, have, want)
		}
	}
}

// TestBackoff: it grows with spurious retransmissions up to a bound, and shrinks with samples.
func TestBackoff(t *testing.T) {
	var r rtt
	r.spurious(start)
	if r.timeout(LAN, LAN.FirstTimeout, start) != 90*ms {
		t.Errorf("after one: %v", r.timeout(LAN, LAN.FirstTimeout, start))
	}
	for range 100 {
		r.spurious(start)
	}
	if r.backoff != maxBackoff || r.timeout(LAN, LAN.FirstTimeout, start) != LAN.MaxTimeout {
		t.Errorf("after many: %v, %v", r.backoff, r.timeout(LAN, LAN.FirstTimeout, start))
	}
	for range 100 {
		r.sample(50*ms, start)
	}
	if r.backoff != 1 {
		t.Errorf("after samples: %v", r.backoff)
	}
}
