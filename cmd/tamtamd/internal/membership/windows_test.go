// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// TestASlowHeartbeatDoesNotStretchTheWindows: an accusation counts as soon after a member
// was heard as with the default heartbeat, and with a fast heartbeat sooner.
func TestASlowHeartbeatDoesNotStretchTheWindows(t *testing.T) {
	for _, c := range []struct{ every, denied time.Duration }{
		{100 * time.Millisecond, 200 * time.Millisecond},
		{500 * time.Millisecond, time.Second},
		{2 * time.Second, time.Second},
	} {
		inWorld(t, func(w *world) {
			w.member(alice, bob)
			if err := w.SetHeartbeat(w.now, c.every); err != nil {
				t.Fatal(err)
			}
			w.ping(bob, 1)
			heard, accusation := w.now, datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: 1}
			for _, after := range []time.Duration{c.denied - time.Millisecond, c.denied} {
				want := after < c.denied
				if got := w.strip(alice, accusation, false, heard.Add(after)) == countStrippedAgainstEvidence; got != want {
					t.Errorf("heartbeat %v, %v after: denied is %v, want %v", c.every, after, got, want)
				}
			}
		})
	}
}
