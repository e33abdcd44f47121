// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
)

// TestLossRate: what was lost counts for a span or two, and not after that.
func TestLossRate(t *testing.T) {
	const span = time.Minute
	s := newSim(t, 1)
	a, b := s.node(at(1)), s.node(at(2))
	if _, _, known := a.Loss(s.now, b.addr); known {
		t.Error("an unknown node has a loss rate")
	}
	mesh(s)
	talk := func(d time.Duration) {
		for end := s.now.Add(d); s.now.Before(end); {
			a.say(b.addr, true)
			s.run(100 * time.Millisecond)
		}
	}
	want := func(when string, low, high float64) {
		t.Helper()
		if have, _, known := a.Loss(s.now, b.addr); !known || have < low || have > high {
			t.Errorf("%s: %v, %v, want %v to %v", when, have, known, low, high)
		}
	}
	talk(span)
	want("without loss", 0, 0)
	s.loss = 0.3
	talk(2 * span)
	// A frame and its acknowledgement both arrive with a chance of a half.
	want("at 30 % each way", 0.3, 0.7)
	s.loss = 0
	talk(2*span + time.Second)
	want("after it", 0, 0)
	s.loss, s.now = 0, s.now.Add(3*span) // all is forgotten
	s.run(time.Second)
	for i := range arq.LossFrames {
		if _, frames, known := a.Loss(s.now, b.addr); known && frames < arq.LossFrames {
			t.Fatalf("known after %d frames", i)
		}
		a.say(b.addr, true)
		s.run(10 * time.Millisecond)
	}
	want("after as many frames as it takes", 0, 0)
	a.CloseSession(s.now, b.addr)
	if _, _, known := a.Loss(s.now, b.addr); known {
		t.Error("a closed session has a loss rate")
	}
}
