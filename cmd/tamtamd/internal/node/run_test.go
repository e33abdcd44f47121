// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// TestManyAtOnce: whatever many goroutines bring while the engine is slow, in the end the
// engine and the table agree with the members, as inWorld checks.
func TestManyAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.mu.Lock()
		w.slow = time.Millisecond
		w.mu.Unlock()
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 40 {
					a, session := nth((g+i)%5), uint64(g*40+i+1)
					switch i % 5 {
					case 0, 1:
						w.Handle(up(a, session))
						w.Handled()
					case 2:
						w.OnStatus(a, datagram.Dead, self)
					case 3:
						_, _ = w.Remove(context.Background(), a.String(), nil, false)
					case 4:
						w.Handle(left(a, session-1))
						w.Handled()
					}
				}
			})
		}
		wg.Wait()
	})
}

// TestInputReturnsWhenItIsCarriedOut, also when another goroutine does it: its bytes are
// not read any more then.
func TestInputReturnsWhenItIsCarriedOut(t *testing.T) {
	inWorld(t, func(w *world) {
		w.mu.Lock()
		w.slow = time.Second
		w.mu.Unlock()
		go w.event(up(alice, 7)) // takes a second to be carried out
		synctest.Wait()
		began := time.Now()
		w.Node.Handle(up(bob, 8))
		w.Node.Handled()
		if took := time.Since(began); took != 2*time.Second || w.status(bob) != member.Alive {
			t.Errorf("it returned after %v, and bob is %v", took, w.status(bob))
		}
	})
}

// TestEngineWithoutSockets: a join ends with an error, and the node goes on.
func TestEngineWithoutSockets(t *testing.T) {
	inWorld(t, func(w *world) {
		w.mu.Lock()
		w.addErr = errNoSocket
		w.mu.Unlock()
		w.lives(alice, 7)
		done := w.joining(alice)
		if r := <-done; r.Err == nil || len(r.Members) != 0 {
			t.Errorf("Join = %+v", r)
		}
		w.want(alice, 0)
		w.mu.Lock()
		w.addErr = nil
		w.mu.Unlock()
		w.member(alice)
		w.want(alice, member.Alive)
	})
}

func TestWakeHasRunGoRound(t *testing.T) {
	inWorld(t, func(w *world) {
		before := w.Iterations()
		w.Wake()
		if synctest.Wait(); w.Iterations() != before+1 {
			t.Errorf("%d iterations, before %d", w.Iterations(), before)
		}
	})
}

// TestNewSession: a session that the wire begins by itself is that of the node in the table,
// and no member changes.
func TestNewSession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		before, _ := w.table.Get(alice)
		w.event(wire.Event{Kind: wire.Renewed, Session: 9})
		time.Sleep(10 * time.Second)
		if m, _ := w.table.Get(self); m.Session != 9 {
			t.Errorf("this node is %+v", m)
		}
		if m, _ := w.table.Get(alice); m != before {
			t.Errorf("the member is %+v, was %+v", m, before)
		}
	})
}

// TestLateLoop: a loop that is late makes the node wait longer for others at once.
func TestLateLoop(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.Late(lateness.Joiner, time.Second)
		synctest.Wait()
		counts := map[string]uint64{}
		if w.Counters(counts); counts["late_joiner"] != 1 || counts["local_health"] != 8 || w.times != 8 {
			t.Errorf("late %d times, local health %d, the wire waits %d times as long", counts["late_joiner"], counts["local_health"], w.times)
		}
	})
}
