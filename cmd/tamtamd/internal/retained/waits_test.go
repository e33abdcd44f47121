// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// setAwait sets a value that a caller waits for.
func (n *simNode) setAwait(topic, value string) (id uint64) {
	n.sim.t.Helper()
	id, err := n.Set(n.time(), topic, []byte(value), true)
	if err != nil {
		n.sim.t.Fatal(err)
	}
	n.Tick(n.time())
	return id
}

// TestWait: who has confirmed a value is known, at 30 % loss, too; a member that is cut off is missing until it is
// reached or dead.
func TestWait(t *testing.T) {
	s := newSim(t, 10, 0.3, 1)
	a := s.nodes[0]
	id := a.setAwait("a", "1")
	s.run(3 * time.Second)
	if have, missing := a.Progress(id); have != 9 || len(missing) != 0 {
		t.Errorf("%d have it, %v do not", have, missing)
	}
	a.Forget(id)
	off := s.nodes[9].addr
	s.cut = func(x, y netip.AddrPort) bool { return x == off || y == off }
	id = a.setAwait("a", "2")
	s.run(10 * time.Second)
	if have, missing := a.Progress(id); have != 8 || len(missing) != 1 || missing[0] != off {
		t.Errorf("%d have it, %v do not", have, missing)
	}
	s.cut = nil
	s.run(3 * time.Second)
	if have, missing := a.Progress(id); have != 9 || len(missing) != 0 {
		t.Errorf("%d have it, %v do not", have, missing)
	}
	a.Gone(off)
	if have, missing := a.Progress(id); have != 8 || len(missing) != 0 || a.awaited != 8 {
		t.Errorf("%d have it, %v do not; %d are awaited", have, missing, a.awaited)
	}
	a.Forget(id)
	if a.awaited != 0 || len(a.waits) != 0 || !a.Next().After(s.now) {
		t.Errorf("%d are awaited", a.awaited)
	}
}

// TestWaitForALaterOne: who has a later value than the one that is waited for has it.
func TestWaitForALaterOne(t *testing.T) {
	s := newSim(t, 3, 0, 1)
	id := s.nodes[0].setAwait("a", "1")
	s.nodes[1].set("a", "2")
	s.run(time.Second)
	if have, missing := s.nodes[0].Progress(id); have != 2 || len(missing) != 0 {
		t.Errorf("%d have it, %v do not", have, missing)
	}
	s.agree()
}

// TestRefusedDoesNotCount: a member that refuses a value does not have it.
func TestRefusedDoesNotCount(t *testing.T) {
	s := newSim(t, 3, 0, 1)
	s.nodes[0].skew = 70 * time.Second
	id := s.nodes[0].setAwait("a", "1")
	s.run(5 * time.Second)
	if have, missing := s.nodes[0].Progress(id); have != 0 || len(missing) != 2 {
		t.Errorf("%d have it, %v do not", have, missing)
	}
	s.run(10 * time.Second)
	if have, missing := s.nodes[0].Progress(id); have != 2 || len(missing) != 0 {
		t.Errorf("%d have it, %v do not", have, missing)
	}
}

// TestTooLargeForARelay: a member that gets a value from another one confirms it all the same.
func TestTooLargeForARelay(t *testing.T) {
	s := newSim(t, 3, 0, 1)
	a, c := s.nodes[0], s.nodes[2]
	send := a.cfg.Send
	a.cfg.Send = func(to netip.AddrPort, b []byte) bool {
		return (to != c.addr || len(b) <= limits.RelayedData) && send(to, b)
	}
	id := a.setAwait(strings.Repeat("t", limits.MaxTopic), strings.Repeat("x", limits.MaxRetained))
	s.run(15 * time.Second)
	if have, missing := a.Progress(id); have != 2 || len(missing) != 0 {
		t.Errorf("%d have it, %v do not", have, missing)
	}
	s.agree()
}

// TestAwaited: so many members are waited for, and no more.
func TestAwaited(t *testing.T) {
	s := newSim(t, 5, 0, 1)
	for range limits.RetainedAwaited / 4 {
		s.nodes[0].setAwait("a", "1")
	}
	before := s.nodes[0].has()["a"]
	if _, err := s.nodes[0].Set(s.now, "a", []byte("2"), true); !errors.Is(err, ErrBusy) || s.nodes[0].has()["a"] != before {
		t.Errorf("error %v", err)
	}
	s.nodes[0].Forget(1)
	s.nodes[0].setAwait("a", "3")
}
