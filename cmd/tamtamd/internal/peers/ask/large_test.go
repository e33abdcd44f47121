// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"fmt"
	"testing"
	"time"
)

// TestAThousand: a question to a thousand is answered by all. Nothing below the core retransmits
// here, so what is lost waits for the repetition of the question, which the wire does earlier.
func TestAThousand(t *testing.T) {
	const nodes, timeout = 1000, 5 * time.Minute
	for _, c := range []struct {
		loss   float64
		within time.Duration
		frames float64 // a node
	}{{0, 10 * time.Millisecond, 2}, {0.1, time.Minute, 3}, {0.3, timeout, 6}} {
		t.Run(fmt.Sprint(c.loss), func(t *testing.T) {
			w := newNetwork(t, nodes, c.loss)
			w.answer()
			q := w.ask(0, Query{Payload: []byte("x"), Targets: w.all(), Timeout: timeout})
			ended := func() bool {
				all := w.order[0].events
				return len(all) > 0 && all[len(all)-1].Kind == Done
			}
			for !ended() && w.now.Before(epoch.Add(timeout+time.Second)) {
				w.run(10 * time.Millisecond)
			}
			r, took, each := w.of(0, q), w.now.Sub(epoch), float64(w.frames)/nodes
			t.Logf("all have answered after %v; %.2f frames a node", took, each)
			if r.done == nil || *r.done != (Sum{nodes, nodes, nodes}) || len(r.answers) != nodes || len(r.failures) != 0 {
				t.Errorf("%+v, %d answers, %d failures", r.done, len(r.answers), len(r.failures))
			}
			if took > c.within || each > c.frames {
				t.Errorf("want %v and %v frames at most", c.within, c.frames)
			}
		})
	}
}
