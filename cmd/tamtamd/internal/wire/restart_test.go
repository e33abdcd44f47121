// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"
	"time"
)

// TestNodeThatRestartsIsMetAgain, and nothing of its earlier session goes on.
func TestNodeThatRestartsIsMetAgain(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	old := a.Session()
	a.say(b.addr, false)
	a.Restart(s.now)
	if next := a.Next(); next.After(s.now) || next.IsZero() {
		t.Errorf("the event is taken at %v", next)
	}
	s.run(time.Second)
	a.Greet(s.now, b.addr)
	s.run(time.Second)
	ups := b.saw(Up, a.addr)
	if len(ups) != 2 || ups[1].Session == old || ups[1].Session != a.Session() {
		t.Errorf("the other saw %v", ups)
	}
	d, _ := a.say(b.addr, false)
	e, _ := b.say(a.addr, false)
	if s.run(time.Second); b.got[d] != 1 || a.got[e] != 1 {
		t.Error("they do not hear each other")
	}
	s.hold()
}

// TestNodeThatRestartsIsFound by the others, if it greets nobody.
func TestNodeThatRestartsIsFound(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	a.Restart(s.now)
	b.say(a.addr, false)
	if s.run(time.Second); len(b.saw(Up, a.addr)) != 2 || len(a.saw(Up, b.addr)) != 2 {
		t.Errorf("not within a second: %v, %v", a.events, b.events)
	}
}

// TestRestartWhen: a node that leaves stays in its session, or its leave is not believed.
func TestRestartWhen(t *testing.T) {
	s := newSim(t, 1)
	_, b := s.pair()
	old := b.Session()
	b.Shut()
	if b.Restart(s.now); b.Session() != old {
		t.Error("a node that leaves has another session")
	}
}
