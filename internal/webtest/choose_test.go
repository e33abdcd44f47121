// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// names are those of the rows, in their order, with the headings of groups.
const names = `[...document.querySelectorAll("#rows tr")].map((tr) => tr.dataset.address ? tr.querySelector(".name").textContent : tr.querySelector("button").textContent.replace(/[▸▾] /, "")).join(", ")`

// TestTimeRange: a part of the history is chosen by a click, a drag or the keyboard, and limits the changes
// and messages to it; the address has it.
func TestTimeRange(t *testing.T) {
	demo := startDemo(t)
	b := openTab(t, demo, 1280, 900)
	b.until("all is shown", `document.querySelectorAll("#slices button").length > 29 && document.querySelectorAll("#change-list li").length === 11 && document.querySelectorAll("#message-list tr").length === 10`)
	// The one in which web-5 died, 47 minutes ago, and its strip at that time.
	const died = `[...document.querySelectorAll("#slices button")].find((s) => s.title.includes("web-5 dead"))`
	if words := eval[string](b, died+`.getAttribute("aria-label")`); !strings.Contains(words, "8 alive, 1 dead; ") {
		t.Errorf("the slice says %q", words)
	}
	b.do(perform(died + `.click()`))
	const only = `document.querySelectorAll("#change-list li").length === 1 && document.querySelector("#change-list li").textContent.includes("web-5 dead")`
	b.until("only its change is shown, and no message", only+` && document.getElementById("message-box").hidden && document.getElementById("messages-note").textContent.endsWith("none that this page has")`)
	b.until("strips show that time", `document.querySelectorAll("#rows rect.chosen").length === 10`)
	again := openTab(t, demo+eval[string](b, `location.hash`), 1280, 900)
	again.until("its address shows the same", only+` && document.querySelectorAll("#slices [aria-pressed=true]").length === 1`)

	b.do(perform(`[...document.querySelectorAll("#slices [aria-pressed=true]")][0].focus()`))
	for range 2 {
		b.do(chromedp.KeyEvent(kb.ArrowRight, chromedp.KeyModifiers(chromedp.ModifierShift)))
	}
	b.until("Shift and an arrow choose more", `document.querySelectorAll("#slices [aria-pressed=true]").length === 3`)
	b.do(chromedp.KeyEvent(kb.ArrowLeft))
	if !eval[bool](b, `document.querySelectorAll("#slices [tabindex='0']").length === 1 && document.activeElement.tabIndex === 0 && document.activeElement.parentElement.id === "slices"`) {
		t.Error("Tab does not come back to where the arrows went")
	}
	b.do(perform(`document.getElementById("history-clear").click()`))
	b.until("all are shown again", `document.querySelectorAll("#change-list li").length === 11 && document.querySelectorAll("#slices [aria-pressed=true], rect.chosen").length === 0 && location.hash === ""`)

	const middle = `((i) => { const r = document.querySelectorAll("#slices button")[i].getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })`
	from, to := eval[[2]float64](b, middle+`(5)`), eval[[2]float64](b, middle+`(8)`)
	b.drag(from, to)
	b.until("a drag chooses all that it passes", `document.querySelectorAll("#slices [aria-pressed=true]").length === 4`)
	again.do(perform(`location.hash = "from=9&to=3&group=tag:%3Cimg%20src=x%3E&sort=constructor"`))
	again.until("what is no time is none", `document.querySelectorAll("#change-list li").length === 11 && document.getElementById("sort").value === ""`)
	again.until("a tag that nobody has is text", `document.querySelector("#rows button.fold")?.textContent === "no <img src=x>: 7 healthy" && document.getElementById("group").selectedOptions[0].textContent === "<img src=x>"`)
	for _, c := range []*tab{b, again} {
		if bad := c.takeComplaints(); len(bad) > 0 {
			t.Errorf("the browser complains: %q", bad)
		}
	}
}

// TestMenus: members are grouped and sorted by what a viewer chooses.
func TestMenus(t *testing.T) {
	b := openTab(t, startDemo(t, "-nodes", "34"), 1280, 900)
	b.until("rows are shown", `document.querySelectorAll("#rows button.fold").length === 3 && document.querySelectorAll("#worst tr").length === 8`)
	choose := func(menu, value string) {
		b.do(perform(`(() => { const s = document.getElementById("` + menu + `"); s.value = "` + value + `"; s.dispatchEvent(new Event("change")); })()`))
	}
	if have := eval[string](b, `[...document.querySelectorAll("#group option")].map((o) => o.textContent).join()`); have != "none,role,zone,version" {
		t.Errorf("members can be grouped by %s", have)
	}
	for _, c := range []struct{ menu, value, want string }{
		{"group", "tag:role", "db-1, db-2, role=db: 26 healthy, role=web: 6 healthy, web-6"},
		{"sort", "trip", "role=db: 28 members, db-2, db-14"},
		{"group", "none", "db-2, web-6, db-14, db-21"},
		{"sort", "loss", "db-2, web-2, web-3"},
		{"sort", "change", "db-2, db-1, web-6, web-5, web-4, web-3, web-2"},
		{"sort", "name", "db-1, db-2, db-3, db-4"},
		{"sort", "address", "web-1, web-2, web-3"},
		{"group", "version", "v2.0.0: 35 members, web-1, web-2"},
		{"sort", "", "db-1, db-2, v2.0.0: 32 healthy, web-6"},
	} {
		choose(c.menu, c.value)
		b.until(c.menu+" by "+c.value, `(`+names+`).startsWith("`+c.want+`")`)
	}
	if hash := eval[string](b, `location.hash`); hash != "#group=version" {
		t.Errorf("address %q", hash)
	}
	b.do(perform(`document.querySelector("button.trouble").click()`))
	b.until("those in trouble are shown", `(`+names+`) === "db-1, db-2"`)
}

// TestHelp: ? explains what is shown; keys go through the page, and can be turned off.
func TestHelp(t *testing.T) {
	demo := startDemo(t)
	b := openTab(t, demo, 1280, 900)
	b.until("rows are shown", `document.querySelectorAll("#rows tr[data-address]").length === 10`)
	b.do(chromedp.KeyEvent("?"))
	b.until("? opens the help", `document.getElementById("help").open && document.getElementById("help").contains(document.activeElement)`)
	for _, scheme := range []string{"light", "dark"} {
		b.like("prefers-color-scheme", scheme)
		if bad := eval[[]string](b, contrasts); len(bad) > 0 {
			t.Errorf("%s: hard to read: %q", scheme, bad)
		}
	}
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until("Escape closes it", `!document.getElementById("help").open`)
	b.do(chromedp.KeyEvent("p"))
	b.until("p goes to the problems", `document.activeElement.id === "problems"`)
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter))
	b.until("j goes down, and Enter opens", `document.getElementById("drawer-title").textContent === "db-2"`)
	b.do(chromedp.KeyEvent("k"))
	b.until("k goes up, in the drawer", `document.getElementById("drawer-title").textContent === "db-1" && document.getElementById("drawer-commands").textContent.includes("tamtamctl why 10.20.0.7:9999")`)
	b.do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent("/"))
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("?"))
	// The driver sends the slash to the field after all, which a real keyboard does not.
	b.until("/ goes to the field, in which keys are letters", `document.getElementById("find").value.endsWith("j?") && !document.getElementById("help").open`)
	b.do(perform(`document.getElementById("keys-on").click()`), perform(`document.activeElement.blur()`))
	b.do(chromedp.Navigate(demo))
	b.until("rows are shown", `document.querySelectorAll("#rows tr[data-address]").length === 10`)
	b.do(chromedp.KeyEvent("?"))
	if eval[bool](b, `document.getElementById("help").open || document.getElementById("keys-on").checked`) {
		t.Error("keys that were turned off work")
	}
	b.do(perform(`document.getElementById("help-open").click()`))
	b.until("the button opens it", `document.getElementById("help").open`)
	if bad := b.takeComplaints(); len(bad) > 0 {
		t.Errorf("the browser complains: %q", bad)
	}
}

// TestRunbook: each problem has a link to what it means, which the daemon serves; it needs no script and
// nothing from elsewhere.
func TestRunbook(t *testing.T) {
	demo := startDemo(t)
	b := openTab(t, demo, 1280, 900)
	b.until("problems are shown", `document.querySelectorAll("#problem-list li a.runbook").length === 4`)
	hrefs := eval[[]string](b, `[...document.querySelectorAll("#problem-list a.runbook")].map((a) => a.href)`)
	for _, scheme := range []string{"light", "dark"} {
		b.like("prefers-color-scheme", scheme)
		for _, href := range hrefs {
			b.do(chromedp.Navigate(href))
			b.until("the section is there, and in sight", `(() => { const h = document.querySelector("h2:target"), r = h?.getBoundingClientRect(); return r && r.top >= 0 && r.bottom < innerHeight; })()`)
			if bad := eval[[]string](b, contrasts); len(bad) > 0 {
				t.Errorf("%s: hard to read: %q", scheme, bad)
			}
		}
	}
	if other := eval[[]string](b, `[...document.querySelectorAll("[href], [src]")].map((e) => e.href || e.src).filter((u) => new URL(u).origin !== location.origin)`); len(other) > 0 {
		t.Errorf("links to elsewhere: %q", other)
	}
	b.do(chromedp.EmulateViewport(320, 800))
	if have := eval[int64](b, `document.documentElement.scrollWidth`); have > 320 {
		t.Errorf("the runbook is %d px wide at 320", have)
	}
	if bad := b.takeComplaints(); len(bad) > 0 {
		t.Errorf("the browser complains: %q", bad)
	}
}

// drag presses the mouse at one place, and releases it at another.
func (b *tab) drag(from, to [2]float64) {
	b.t.Helper()
	mouse := func(what input.DispatchMouseEventType, part float64) {
		call(b, input.DispatchMouseEvent, input.DispatchMouseEventParams{
			Type: what, X: from[0] + part*(to[0]-from[0]), Y: from[1] + part*(to[1]-from[1]), Button: input.MouseButtonLeft, Buttons: 1, ClickCount: 1,
		})
	}
	mouse(input.DispatchMouseEventTypeMousePressed, 0)
	for _, part := range []float64{0.25, 0.5, 0.75, 1} {
		mouse(input.DispatchMouseEventTypeMouseMoved, part)
	}
	mouse(input.DispatchMouseEventTypeMouseReleased, 1)
}
