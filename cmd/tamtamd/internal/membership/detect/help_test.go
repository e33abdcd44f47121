// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"testing"
	"time"
)

// greeted returns how often members are greeted in a time.
func (h *Help) greeted(d time.Duration) (n int) {
	for at := epoch; at.Before(epoch.Add(d)); at = at.Add(time.Millisecond) {
		greet, _ := h.Tick(at)
		n += len(greet)
	}
	return n
}

func TestHelp(t *testing.T) {
	var h Help
	for _, r := range []Request{{Asker: alice, Target: bob, Code: 1}, {Asker: carol, Target: bob, Code: 2}, {Asker: alice, Target: dave, Code: 3}} {
		if !h.Asked(r, timeout, epoch) {
			t.Fatalf("%+v is refused", r)
		}
	}
	greet, next := h.Tick(epoch)
	if len(greet) != 2 || !next.Equal(epoch.Add(helpInterval)) {
		t.Errorf("greets %v, next %v; want two members, one of them for two", greet, next)
	}
	if got := h.Heard(bob); len(got) != 2 || got[0].Asker != alice || got[0].Code != 1 || got[1].Asker != carol || got[1].Code != 2 {
		t.Errorf("answered %+v", got)
	}
	if got := h.Heard(bob); got != nil || len(h.open) != 1 {
		t.Errorf("answered again: %+v", got)
	}
}

// TestHelpEnds after two probe timeouts without an answer. The intervals grow.
func TestHelpEnds(t *testing.T) {
	var h Help
	h.Asked(Request{Asker: alice, Target: bob, Code: 1}, timeout, epoch)
	h.Asked(Request{Asker: alice, Target: bob, Code: 1}, timeout, epoch) // again
	want := 0
	for at, wait := time.Duration(0), helpInterval; at < helpTimeouts*timeout; at, wait = at+wait, min(2*wait, maxHelpInterval) {
		want++
	}
	if n := h.greeted(time.Minute); n != want || len(h.open) != 0 {
		t.Errorf("greeted %d times, %d are left; want %d and none", n, len(h.open), want)
	}
}

func TestHelpIsBounded(t *testing.T) {
	var h Help
	for code := range uint32(2 * maxHelp) {
		if got, want := h.Asked(Request{Asker: alice, Target: bob, Code: code}, timeout, epoch), code < maxHelp; got != want {
			t.Fatalf("request %d: taken %v, want %v", code, got, want)
		}
	}
	if !h.Asked(Request{Asker: alice, Target: bob}, timeout, epoch.Add(helpTimeouts*timeout)) || len(h.open) != 1 {
		t.Errorf("%d requests are left after their time, want the new one", len(h.open))
	}
}
