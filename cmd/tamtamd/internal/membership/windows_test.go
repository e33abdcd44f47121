// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// TestEvidenceIsOlderThanATrueAccusation: what a member said itself denies its death for as long as
// it takes at least to find it out, whatever the heartbeat is; and not for long if that is long.
func TestEvidenceIsOlderThanATrueAccusation(t *testing.T) {
	for _, c := range []struct{ heartbeat, timeout, denied time.Duration }{
		{100 * time.Millisecond, minPing, minPing + detect.QuestionTime},
		{500 * time.Millisecond, minPing, minPing + detect.QuestionTime},
		{2 * time.Second, minPing, minPing + detect.QuestionTime},
		{200 * time.Millisecond, 200 * time.Millisecond, 200*time.Millisecond + detect.QuestionTime},
		{time.Second, 2 * time.Second, maxEvidence},
	} {
		inWorld(t, func(w *world) {
			w.cfg.MinPing = c.timeout
			w.member(alice, bob)
			if err := w.SetHeartbeat(w.now, c.heartbeat); err != nil {
				t.Fatal(err)
			}
			w.ping(bob, 1)
			heard, accusation := w.now, datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1}
			for _, after := range []time.Duration{c.denied - time.Millisecond, c.denied} {
				want := after < c.denied
				if got := w.strip(alice, accusation, false, heard.Add(after)) == countStrippedAgainstEvidence; got != want {
					t.Errorf("heartbeat %v, timeout %v, %v after: denied is %v, want %v", c.heartbeat, c.timeout, after, got, want)
				}
			}
		})
	}
}

// TestWindowsAreInTime: what depends on the heartbeat is how often a node pings, and nothing else.
func TestWindowsAreInTime(t *testing.T) {
	const lasts = 30 * time.Minute
	var compared, greeted []int
	for _, heartbeat := range []time.Duration{100 * time.Millisecond, 5 * time.Second} {
		inWorld(t, func(w *world) {
			w.member(alice, bob)
			w.dead(bob)
			if err := w.SetHeartbeat(w.now, heartbeat); err != nil {
				t.Fatal(err)
			}
			w.forgetAll()
			asked := 0
			sent := w.lasts(lasts)
			for _, p := range of(sent, "tell", alice) {
				if p.ask {
					asked++
				}
			}
			compared, greeted = append(compared, asked), append(greeted, len(of(sent, "greet", bob)))
		})
	}
	for what, n := range map[string][]int{"comparisons": compared, "greetings of a dead member": greeted} {
		if n[0] == 0 || n[0] > n[1]*5/4+1 || n[1] > n[0]*5/4+1 {
			t.Errorf("%d %s with a fast heartbeat, %d with a slow one", n[0], what, n[1])
		}
	}
}
