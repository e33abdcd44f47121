// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"slices"
	"testing"
	"time"
)

// intervals returns the times between the tries of a frame that is not acknowledged.
func intervals(l *Link, now time.Time, persistent bool) (all []time.Duration) {
	last := now
	l.Send(now, 1, []byte("a"), 0, persistent)
	for !l.Idle() {
		due := l.Due()
		if len(ticked(l, due)) > 0 {
			all = append(all, due.Sub(last))
			last = due
		}
	}
	return all
}

// TestCongestion: the intervals double where all round trips are long, or this node is late
// itself, and not on a lossy link, nor after one round trip that was long, nor for a frame
// that must arrive.
func TestCongestion(t *testing.T) {
	for _, c := range []struct {
		name       string
		trips      []time.Duration
		slow       int
		persistent bool
		want       []time.Duration // the first
	}{
		{"lossy", []time.Duration{ms, ms}, 1, false, []time.Duration{40 * ms, 40 * ms, 40 * ms, 40 * ms}},
		{"long", slices.Repeat([]time.Duration{300 * ms}, 50), 1, false, []time.Duration{300 * ms, 600 * ms, 1200 * ms}},
		{"long once", []time.Duration{20 * ms, 1500 * ms}, 1, false, []time.Duration{400 * ms, 400 * ms, 400 * ms}},
		{"long, and persistent", slices.Repeat([]time.Duration{300 * ms}, 50), 1, true, []time.Duration{300 * ms, 300 * ms, 300 * ms}},
		{"late", []time.Duration{ms, ms}, 4, false, []time.Duration{160 * ms, 320 * ms, 640 * ms, 1280 * ms}},
	} {
		l := newTestLink()
		l.shared.SetSlow(c.slow)
		for _, d := range c.trips {
			l.sample(d, start)
		}
		have := intervals(l, start, c.persistent)
		for i, want := range c.want {
			if i >= len(have) || have[i] < want || have[i] > want+want/10 {
				t.Errorf("%s: intervals %v, want %v first", c.name, have, c.want)
				break
			}
		}
	}
}

// TestStaleEstimate: what was long two seconds ago counts no more, what was short does.
func TestStaleEstimate(t *testing.T) {
	for _, c := range []struct{ trip, fresh, stale time.Duration }{
		{200 * ms, 400 * ms, LAN.FirstTimeout}, {ms, LAN.MinTimeout, LAN.MinTimeout},
	} {
		l := newTestLink()
		l.sample(c.trip, start)
		if have := l.Timeout(start); have != c.fresh {
			t.Errorf("%v: timeout %v, want %v", c.trip, have, c.fresh)
		}
		if have := l.Timeout(after(staleAfter + 1)); have != c.stale {
			t.Errorf("%v: timeout %v later, want %v", c.trip, have, c.stale)
		}
	}
}

// TestFirstTimeout: how long others take is expected of a link that is not known.
func TestFirstTimeout(t *testing.T) {
	l := newTestLink()
	l.shared.Greeted(100*ms, start)
	if have := l.Timeout(start); have != 200*ms {
		t.Errorf("timeout %v, want %v", have, 200*ms)
	}
	if have := l.Timeout(after(staleAfter + 1)); have != LAN.FirstTimeout {
		t.Errorf("timeout %v later, want %v", have, LAN.FirstTimeout)
	}
}

// TestSilentLinkIsProbed: one frame finds out whether the other end is there. Those that
// must arrive do not wait for it.
func TestSilentLinkIsProbed(t *testing.T) {
	l := newTestLink()
	now := after(ms)
	l.Send(now, 1, []byte("a"), 0, false)
	l.Send(now, 2, []byte("b"), 0, false)
	l.Send(now, 3, []byte("c"), 0, true)
	for !l.Silent() {
		now = l.Due()
		ticked(l, now)
	}
	if have := ticked(l, l.Due()); !slices.Equal(have, []string{"a", "c"}) || l.shared.Counts.Held != 1 {
		t.Errorf("transmitted %q, held %d", have, l.shared.Counts.Held)
	}
	l.Receive(l.Due(), 7)
	if have := ticked(l, l.Due()); len(have) != 3 {
		t.Errorf("after a sign of life: transmitted %q", have)
	}
}
