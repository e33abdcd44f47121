// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"
	"time"
)

// TestProfileThatChangesWhileAPeerIsCutOffReachesIt at the first sign of life, and is then
// not retransmitted.
func TestProfileThatChangesWhileAPeerIsCutOffReachesIt(t *testing.T) {
	for _, c := range []struct {
		name string
		sign func(a, b *simNode)
	}{
		{"a frame", func(a, b *simNode) { b.say(a.addr, false) }},
		{"an answer to a greeting", func(a, b *simNode) { a.Greet(a.sim.now, b.addr) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSim(t, 1)
			a, b := s.pair()
			session := b.peers[a.addr].session
			s.cut = cutAll
			a.SetProfile(s.now, "between")
			s.run(time.Second)
			a.SetProfile(s.now, "new")
			s.run(13 * time.Second)
			s.cut = nil
			s.run(time.Second)
			if got := b.saw(Changed, a.addr); len(got) != 0 {
				t.Fatalf("changed without a sign of life: %+v", got)
			}
			c.sign(a, b)
			s.run(time.Second)
			got := b.saw(Changed, a.addr)
			if len(got) != 1 || got[0].Profile != "new" || got[0].Session != session {
				t.Fatalf("changed %+v, want new", got)
			}
			for range 10 {
				b.say(a.addr, true)
				s.run(time.Second)
			}
			if n := counted(a)["profiles_repeated"]; n != 1 {
				t.Errorf("repeated %d times, want once", n)
			}
			s.hold()
		})
	}
}
