// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// TestTwoArePatient: there is nobody to ask.
func TestTwoArePatient(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lasts(time.Minute)
		if len(w.noted().minPings) != 0 {
			t.Errorf("alone, it waits for %v", w.noted().minPings)
		}
		w.member(alice)
		w.lasts(time.Minute)
		w.member(bob)
		w.lasts(time.Minute)
		w.dead(bob)
		w.lasts(time.Minute)
		if want := []time.Duration{minPing, pairFactor * minPing}; !slices.Equal(w.noted().minPings, want) {
			t.Errorf("three, one of them dead: it waits for %v, want %v", w.noted().minPings, want)
		}
	})
	inWorld(t, func(w *world) {
		w.member(alice)
		w.lasts(time.Minute)
		w.event(up(bob, 7))
		w.lasts(time.Minute)
		if want := []time.Duration{pairFactor * minPing, minPing}; !slices.Equal(w.noted().minPings, want) {
			t.Errorf("two, then three: it waits for %v, want %v", w.noted().minPings, want)
		}
	})
}

// TestLatenessOfTheWire: a node whose socket is late waits longer for others, and says less,
// until it has been calm for some seconds.
func TestLatenessOfTheWire(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(wire.Event{Kind: wire.Late, Took: 300 * time.Millisecond})
		w.settle()
		if w.slow != 8 || w.minPing != maxTimeoutFactor*minPing {
			t.Errorf("slow %d, probe timeout %v", w.slow, w.minPing)
		}
		w.sleep(15 * time.Second)
		if w.slow != 1 || w.minPing != minPing {
			t.Errorf("later: slow %d, probe timeout %v", w.slow, w.minPing)
		}
	})
}

// TestMistakesMakePatient: who is accused, or has found a member silent that answers, may
// itself be late. Soon after the start an accusation is of the session before.
func TestMistakesMakePatient(t *testing.T) {
	accused := func(w *world) {
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Suspected, Addr: self, Heartbeat: 1})
	}
	for _, c := range []struct {
		name    string
		mistake func(w *world)
		after   time.Duration
		times   time.Duration
	}{
		{"accused", accused, retireTime, 2},
		{"accused as before its restart", accused, retireTime - time.Second, 1},
		{"a member answers", func(w *world) {
			w.silence()
			w.judges(bob, datagram.Suspected, self)
			w.sleep(detect.QuestionTime)
			w.want(bob, member.Alive)
		}, 0, 2},
	} {
		inWorld(t, func(w *world) {
			w.sleep(c.after)
			w.member(alice, bob)
			c.mistake(w)
			if w.settle(); w.minPing != c.times*minPing || w.slow != 1 {
				t.Errorf("%s: probe timeout %v, slow %d", c.name, w.minPing, w.slow)
			}
		})
	}
}
