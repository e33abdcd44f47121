// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// perform runs a script whose value does not matter.
func perform(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void]("void (" + script + ")")
}

// openDemo opens the page of a made-up cluster, of n members and one that left.
func openDemo(t *testing.T, width, height int64) *tab {
	t.Helper()
	b := openTab(t, startDemo(t), width, height)
	b.until("all is shown", `document.querySelectorAll("#rows tr[data-address]").length === 10 && document.querySelectorAll("#problem-list li").length === 4 && document.querySelectorAll("#matrix tr").length === 8 && document.querySelectorAll("#message-list tr").length === 10`)
	return b
}

// TestKeyboard: the keyboard reaches all that can be used, in the order of the page, and
// shows where it is.
func TestKeyboard(t *testing.T) {
	b := openDemo(t, 1280, 800)
	want := []string{"skip", "help-open"}
	for range 4 {
		want = append(want, "problems", "runbook")
	}
	want = append(want, "ranges", "ranges", "ranges", "slices", "all", "trouble", "ALIVE", "SUSPECTED", "DEAD", "LEFT", "group", "sort", "find")
	for range 10 {
		want = append(want, "members")
	}
	want = append(want, "links", "table-box", "change-list")
	var have []string
	for range want {
		b.do(chromedp.KeyEvent(kb.Tab))
		have = append(have, eval[string](b, `(({id, className, parentElement: p, localName}) => id || (p.id === "filters" || className === "runbook" ? className : p.id || (localName === "a" ? p.closest("section").id : className)))(document.activeElement)`))
		if outline := eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
			t.Errorf("%s: no outline", have[len(have)-1])
		}
	}
	if !slices.Equal(have, want) {
		t.Errorf("order %q, want %q", have, want)
	}
	b.do(perform(`document.querySelector("button.DEAD").focus()`), chromedp.KeyEvent(" "))
	b.until("the space bar presses a button", `document.querySelector("button.DEAD").getAttribute("aria-pressed") === "true" && document.querySelectorAll("#rows tr[data-address]").length === 1`)
}

// TestScreenReader: tables are tables in whatever shape they are shown, and pictures have
// words.
func TestScreenReader(t *testing.T) {
	b := openDemo(t, 1280, 800)
	for _, width := range []int64{1280, 320} {
		b.do(chromedp.EmulateViewport(width, 800))
		names := map[string][]string{}
		for _, n := range call(b, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
			if !n.Ignored && n.Role != nil && n.Name != nil {
				role := strings.Trim(string(n.Role.Value), `"`)
				names[role] = append(names[role], strings.Trim(string(n.Name.Value), `"`))
			}
		}
		for role, want := range map[string]string{
			"table": "Members as this node sees them", "rowheader": "db-1", "columnheader": "Round trip", "image": "Last hour: alive",
			"link": "db-2", "cell": "dead ", "button": "1 suspected", "searchbox": "Find", "region": "Links between nodes", "heading": "Changes", "main": "", "status": "",
		} {
			if !slices.ContainsFunc(names[role], func(have string) bool { return strings.Contains(have, want) }) {
				t.Errorf("at %d px: no %s %q among %.20q", width, role, want, names[role])
			}
		}
		if n := eval[int](b, `[...document.querySelectorAll("table")].filter((t) => !t.caption || !t.caption.textContent).length`); n > 0 {
			t.Errorf("%d tables have no caption", n)
		}
		if n := eval[int](b, `[...document.querySelectorAll("th")].filter((th) => !th.scope).length`); n > 0 {
			t.Errorf("%d headers have no scope", n)
		}
	}
}

// contrasts lists the texts whose colour differs too little from what is behind them, by
// WCAG 2.2, 1.4.3: 4.5 to 1.
const contrasts = `(() => {
  const parse = (c) => c.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const bad = new Set();
  for (const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walker.nextNode();) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || e.closest(".hidden, noscript, .skip")) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) bad.add(e.tagName + "." + e.className + " in " + e.parentElement.className + ": " + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return [...bad];
})()`

// shapes lists what is seen by its colour alone and differs too little from what is behind it, by
// WCAG 2.2, 1.4.11: 3 to 1.
const shapes = `(() => {
  const light = (c) => c.match(/[\d.]+/g).slice(0, 3).map(Number).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const card = light(getComputedStyle(document.getElementById("members")).backgroundColor);
  const seen = [...document.querySelectorAll(".key")].map((e) => [e.className, getComputedStyle(e).backgroundColor]);
  seen.push(["button", getComputedStyle(document.querySelector("button[aria-pressed=false]")).borderTopColor], ["input", getComputedStyle(document.getElementById("find")).borderTopColor]);
  return seen.map(([name, c]) => [name, (Math.max(light(c), card) + 0.05) / (Math.min(light(c), card) + 0.05)]).filter(([, r]) => r < 3).map(([name, r]) => name + ": " + r.toFixed(2));
})()`

func TestLightAndDark(t *testing.T) {
	b := openDemo(t, 1280, 800)
	brightness := map[string]int{}
	for _, scheme := range []string{"light", "dark"} {
		b.like("prefers-color-scheme", scheme)
		brightness[scheme] = eval[int](b, `getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number).reduce((a, b) => a + b)`)
		if bad := eval[[]string](b, contrasts); len(bad) > 0 {
			t.Errorf("%s: hard to read: %q", scheme, bad)
		}
		if bad := eval[[]string](b, shapes); len(bad) > 0 {
			t.Errorf("%s: hard to see: %q", scheme, bad)
		}
	}
	if brightness["light"] < 600 || brightness["dark"] > 150 {
		t.Errorf("brightness of the background: %v", brightness)
	}
}

func TestNothingMovesForWhoWantsNone(t *testing.T) {
	b := openDemo(t, 1280, 800)
	const moving = `document.getAnimations().length + [...document.querySelectorAll("*")].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length`
	b.like("prefers-reduced-motion", "no-preference")
	if eval[int](b, moving) == 0 {
		t.Error("nothing moves at all, so this test proves nothing")
	}
	b.like("prefers-reduced-motion", "reduce")
	if n := eval[int](b, moving); n > 0 {
		t.Errorf("%d elements move", n)
	}
}

// TestNarrow: a telephone, or a page at 400 %, scrolls one way only.
func TestNarrow(t *testing.T) {
	b := openDemo(t, 1280, 800)
	for _, width := range []int64{1280, 1000, 761, 760, 480, 320} {
		b.do(chromedp.EmulateViewport(width, 800))
		if have := eval[int64](b, `document.documentElement.scrollWidth`); have > width {
			t.Errorf("the page is %d px wide at %d", have, width)
		}
		wider := eval[[]string](b, `[...document.querySelectorAll("main *:not(.scroll *):not(.hidden):not(.hidden *)")].filter((e) => e.getBoundingClientRect().right > innerWidth).map((e) => e.tagName + "." + e.className)`)
		if len(wider) > 0 {
			t.Errorf("at %d px, out of the page: %q", width, wider)
		}
	}
}

// TestLarge: of five hundred members the healthy are folded by zone, and links are shown by zone.
func TestLarge(t *testing.T) {
	b := openTab(t, startDemo(t, "-nodes", "500"), 1280, 800)
	b.until("those with trouble are, and what left", `document.querySelectorAll("#rows tr[data-address]").length === 3 && document.querySelectorAll("#rows button.fold").length === 3`)
	b.until("the worst nodes are, by zone, and that there are more is said", `document.querySelectorAll("#matrix tr").length === 3 && document.getElementById("heat-box").hidden && document.getElementById("links-note").textContent.includes("100 nodes") && document.getElementById("links-note").textContent.includes("of 499")`)
	b.do(perform(`document.querySelectorAll("#rows button.fold").forEach((f) => f.click())`))
	b.until("all members are", `document.querySelectorAll("#rows tr[data-address]").length === 501`)
	if have := eval[int64](b, `document.documentElement.scrollWidth`); have > 1280 {
		t.Errorf("the page is %d px wide", have)
	}
}
