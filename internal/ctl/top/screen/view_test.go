// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
)

// TestPress: what each key changes, and what it asks for.
func TestPress(t *testing.T) {
	d := cluster(60) // with a rule, 61 lines, of which 24 show 12
	const last = 61 - 12
	a := func(i int) string { return d.Members[i-1].Address }
	for _, c := range []struct {
		name   string
		keys   []Key
		want   View
		action Action
	}{
		{"quit", []Key{'q'}, View{}, Quit},
		{"quit by Esc", []Key{Escape}, View{}, Quit},
		{"quit by ^C", []Key{CtrlC}, View{}, Quit},
		{"suspend", []Key{CtrlZ}, View{}, Suspend},
		{"redraw", []Key{CtrlL}, View{}, Redraw},
		{"help", []Key{'?'}, View{Help: true}, Show},
		{"help and back", []Key{'?', '?'}, View{}, Show},
		{"help and back by Esc", []Key{'?', Escape}, View{}, Show},
		{"quit from help", []Key{'?', 'q'}, View{Help: true}, Quit},
		{"sort", []Key{'s', 's', 's'}, View{Order: ByRoundTrip}, Show},
		{"all sorts", []Key{'s', 's', 's', 's', 's'}, View{}, Show},
		{"sort begins at the top", []Key{End, 's'}, View{Order: ByName}, Show},
		{"not above the first", []Key{Down, Up, Up}, View{Cursor: a(4)}, Show},
		{"down", []Key{Down, Down, 'j', 'k'}, View{Cursor: a(3)}, Show},
		{"over the rule", []Key{Down, Down, Down, Down}, View{Cursor: a(1)}, Show},
		{"and back", []Key{Down, Down, Down, Down, Up}, View{Cursor: a(5)}, Show},
		{"pages", []Key{PageDown, PageDown, PageUp}, View{Cursor: a(12), Offset: 12}, Show},
		{"why", []Key{Down, Enter}, View{Cursor: a(4), Open: a(4)}, Show},
		{"why of another", []Key{Enter, Down}, View{Cursor: a(3), Open: a(3)}, Show},
		{"why and back", []Key{Enter, Escape}, View{Cursor: a(4)}, Show},
		{"links", []Key{'m', Down, Down, Up}, View{Matrix: true, Offset: 1}, Show},
		{"links to their end", []Key{'m', End, Down}, View{Matrix: true, Offset: 28}, Show},
		{"links and back", []Key{'m', Down, 'm'}, View{}, Show},
		{"links and back by Esc", []Key{'m', Down, Escape}, View{}, Show},
		{"links instead of why", []Key{Enter, 'm'}, View{Cursor: a(4), Matrix: true}, Show},
		{"addresses", []Key{'a'}, View{Addresses: true}, Show},
		{"end", []Key{End}, View{Cursor: a(60), Offset: last}, Show},
		{"not below the last", []Key{End, Down, PageDown}, View{Cursor: a(60), Offset: last}, Show},
		{"home", []Key{End, Home}, View{Cursor: a(4)}, Show},
		{"filter is typed", []Key{'/', 'q', 's', '東', Backspace, 'é'}, View{Typing: true, Filter: "qsé"}, Show},
		{"filter is kept", []Key{'/', 'd', 'b', Enter}, View{Filter: "db"}, Show},
		{"filter is dropped", []Key{'/', 'd', Escape}, View{}, Show},
		{"filter is typed again", []Key{'/', 'd', Enter, '/'}, View{Typing: true}, Show},
		{"backspace of nothing", []Key{'/', Backspace}, View{Typing: true}, Show},
		{"arrows in a filter", []Key{'/', Up, Down, CtrlL}, View{Typing: true}, Redraw},
		{"quit while typing", []Key{'/', CtrlC}, View{Typing: true}, Quit},
		{"a filter leaves less to scroll", []Key{'/', 'b', '-', '5', Enter, End}, View{Filter: "b-5", Cursor: a(59)}, Show},
		{"unknown", []Key{'x', none, 0x01}, View{}, Show},
		{"pause and on", []Key{'p', 'p'}, View{}, Show},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v View
			var did Action
			for _, k := range c.keys {
				did = v.Press(k, d, 24)
			}
			if v != c.want || did != c.action {
				t.Errorf("%+v and %v, want %+v and %v", v, did, c.want, c.action)
			}
		})
	}
}

// TestFilterIsBounded: a cat on the keyboard.
func TestFilterIsBounded(t *testing.T) {
	v := View{Typing: true}
	for range 2 * maxFilter {
		v.Press('東', &Data{}, 24)
	}
	if n := len([]rune(v.Filter)); n != maxFilter {
		t.Errorf("%d characters", n)
	}
}

// TestPause: what is looked at stays, whatever is new.
func TestPause(t *testing.T) {
	d := cluster(6)
	var v View
	v.Press('p', d, 24)
	*d = *cluster(3)
	if n := len(v.Of(d).Members); n != 6 {
		t.Errorf("%d members while paused", n)
	}
	v.Press('p', d, 24)
	if n := len(v.Of(d).Members); n != 3 {
		t.Errorf("%d members after it", n)
	}
}

// TestOrders: what comes first, and that equals stay in the order of addresses.
func TestOrders(t *testing.T) {
	for order, want := range map[Order]string{
		ByTrouble:   "192.0.2.4 192.0.2.3 192.0.2.5 192.0.2.1 192.0.2.2 192.0.2.6",
		ByAddress:   "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6",
		ByName:      "192.0.2.6 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5",
		ByRoundTrip: "192.0.2.6 192.0.2.5 192.0.2.2 192.0.2.1 192.0.2.3 192.0.2.4",
		ByLoss:      "192.0.2.3 192.0.2.2 192.0.2.5 192.0.2.1 192.0.2.4 192.0.2.6",
	} {
		have := ""
		for _, m := range chosen(cluster(6).Members, order, "") {
			have += " " + m.Address[:len(m.Address)-len(":9999")]
		}
		if have[1:] != want {
			t.Errorf("by %v: %s, want %s", order, have[1:], want)
		}
	}
}

// TestMeter: rates are differences over time, of one process, and not over too short a one.
func TestMeter(t *testing.T) {
	m := NewMeter(time.Second)
	at := func(d time.Duration, received, dropped uint64) *Rates {
		return m.Rates(noon, noon.Add(d), map[string]uint64{"datagrams_received": received, "dropped_a": dropped, "dropped_b": dropped})
	}
	if r := at(0, 100, 7); r != nil {
		t.Errorf("at first: %+v", r)
	}
	if r := at(time.Second/2, 200, 7); r != nil {
		t.Errorf("too soon: %+v", r)
	}
	if r := at(2*time.Second, 120, 8); r == nil || *r != (Rates{PacketsReceived: 10, Dropped: 1}) {
		t.Errorf("after 2 s: %+v", r)
	}
	if r := at(3*time.Second-1, 999, 8); r == nil || r.PacketsReceived != 10 {
		t.Errorf("too soon again: %+v", r)
	}
	if r := at(4*time.Second, 120, 8); r == nil || *r != (Rates{}) {
		t.Errorf("at rest: %+v", r)
	}
	if r := m.Rates(noon.Add(time.Second), noon.Add(5*time.Second), map[string]uint64{"datagrams_received": 5}); r != nil {
		t.Errorf("of another process: %+v", r)
	}
}

// TestWords: how numbers are written, at their edges.
func TestWords(t *testing.T) {
	for have, want := range map[string]string{
		perSecond(0): "0/s", perSecond(0.001): "<0.1/s", perSecond(0.05): "0.1/s", perSecond(9.94): "9.9/s", perSecond(9.96): "10/s", perSecond(123456): "123456/s",
		bytesPerSecond(0): "0 B/s", bytesPerSecond(980): "980 B/s", bytesPerSecond(1000): "1.0 KiB/s", bytesPerSecond(5e6): "4.8 MiB/s", bytesPerSecond(1e13): "9313 GiB/s",
		percent(-1): "-", percent(0): "0%", percent(0.001): "<1%", percent(0.01): "1%", percent(1): "100%",
		render.Age(-time.Second): "0s", render.Age(59 * time.Second): "59s", render.Age(time.Minute): "1m00s", render.Age(time.Hour): "1h00m", render.Age(49 * time.Hour): "2d01h",
		cells.Cut("東京", 4): "東京", cells.Cut("東京都", 4): "東~", cells.Cut("abc", 0): "", cells.Cut("e\u0301e", 2): "e\u0301e", pad("京", 3): "京 ", padLeft("ab", 3): " ab",
	} {
		if have != want {
			t.Errorf("%q, want %q", have, want)
		}
	}
}
