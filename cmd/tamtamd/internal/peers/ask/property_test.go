// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"fmt"
	"testing"
	"time"
)

// TestLoss: whatever is lost, each question ends, has each answer once, and reaches programs
// once. Without the wire, a frame is only repeated after a second.
func TestLoss(t *testing.T) {
	for _, loss := range []float64{0, 0.1, 0.3} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			const nodes, questions = 10, 40
			w := newNetwork(t, nodes, loss)
			w.answer()
			w.answer() // two programs each
			for _, s := range w.order {
				s.answer = func(e Event) {
					w.after(time.Duration(w.random.IntN(2000))*time.Millisecond, func() { s.Answer(w.now, e.To, e.ID, e.Payload, "") })
				}
			}
			asked := map[uint64]int{}
			for i := range questions {
				by := w.random.IntN(nodes)
				asked[w.ask(by, Query{Payload: fmt.Append(nil, i), Targets: w.all(), Timeout: time.Minute})] = by
				w.run(10 * time.Millisecond)
			}
			w.run(61 * time.Second)
			for q, by := range asked {
				if r := w.of(by, q); r.done == nil || *r.done != (Sum{nodes, nodes, 2 * nodes}) || len(r.failures) != 0 {
					t.Errorf("query %d: %+v, %v", q, r.done, r.failures)
				}
			}
			for _, s := range w.order {
				if len(s.asked) != 2*questions {
					t.Errorf("%s: programs got %d questions, want %d", s.addr, len(s.asked), 2*questions)
				}
				for k, n := range s.asked {
					if n != 1 {
						t.Errorf("%s: %s %d times", s.addr, k, n)
					}
				}
			}
			w.clean()
		})
	}
}

// TestEndings: nodes and programs end at random moments, and each question ends nevertheless,
// with an answer or a failure of each answerer.
func TestEndings(t *testing.T) {
	const nodes = 8
	for seed := range 200 {
		w := newNetwork(t, nodes, 0.2)
		for range seed {
			w.random.Uint64()
		}
		w.answer()
		for _, s := range w.order {
			s.answer = func(e Event) {
				w.after(time.Duration(w.random.IntN(500))*time.Millisecond, func() { s.Answer(w.now, e.To, e.ID, e.Payload, "") })
			}
		}
		q := w.ask(0, Query{Payload: []byte("x"), Targets: w.all()})
		for i := 1; i < nodes; i++ {
			s := w.order[i]
			when := time.Duration(w.random.IntN(1000)) * time.Millisecond
			switch w.random.IntN(3) {
			case 0:
				w.after(when, func() { s.down = true })
				w.after(when+time.Duration(w.random.IntN(1000))*time.Millisecond, func() { w.order[0].Gone(w.now, s.addr, "it is dead") })
			case 1:
				w.after(when, func() { s.Unregister(w.now, 1) })
			}
		}
		w.run(3 * time.Second)
		r := w.of(0, q)
		if r.done == nil || r.done.Asked != nodes {
			t.Fatalf("seed %d: %+v", seed, r.done)
		}
		if len(r.answers)+len(r.failures) != nodes || r.done.Answers != len(r.answers) {
			t.Errorf("seed %d: %d answers, %d failures, %+v", seed, len(r.answers), len(r.failures), r.done)
		}
		w.clean()
	}
}
