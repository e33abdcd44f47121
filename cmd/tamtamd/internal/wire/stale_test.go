// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"
	"time"
)

// TestNodeThatGoesBackInTimeIsHeardAgain: its frames have numbers that its peer has seen.
func TestNodeThatGoesBackInTimeIsHeardAgain(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	for range 2100 {
		b.say(a.addr, false)
		s.run(time.Millisecond)
	}
	b.peers[a.addr].counter -= 2000
	for range 300 {
		b.say(a.addr, false)
		a.say(b.addr, false)
		s.run(10 * time.Millisecond)
	}
	s.run(time.Second)
	d, ok := b.say(a.addr, false)
	s.run(time.Second)
	if !ok || a.got[d] != 1 || counted(a)["sessions_reopened"] != 1 {
		t.Errorf("sent %v, arrived %d times, reopened %d times; want once each", ok, a.got[d], counted(a)["sessions_reopened"])
	}
	s.hold()
}
