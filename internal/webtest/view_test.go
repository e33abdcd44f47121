// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestTroubleFirst: the worst is said first, and is the first row.
func TestTroubleFirst(t *testing.T) {
	b := openTab(t, startDemo(t, "-nodes", "34"), 1440, 900)
	b.until("problems are shown", `document.querySelectorAll("#problem-list li").length === 4`)
	order := eval[[]string](b, `[...document.querySelectorAll("#rows tr")].map((tr) => tr.dataset.address ? tr.querySelector(".name").textContent : tr.querySelector("button").textContent.replace("▸ ", ""))`)
	if have := strings.Join(order, ", "); have != "db-1, db-2, eu-a: 11 healthy, eu-b: 11 healthy, eu-c: 10 healthy, web-6" {
		t.Errorf("rows: %s", have)
	}
	for what, expression := range map[string]string{
		"the first problem is the dead member": `document.querySelector("#problem-list li").textContent.includes("db-1 it is DEAD · since ") && document.querySelector("#problem-list li").textContent.includes(" min")`,
		"that one member disagrees is said":    `document.getElementById("views").textContent.startsWith("32 of 34 alive · 1 dead") && document.getElementById("agreement").textContent.includes("32 of 33 agree")`,
		"the zone of the times is said":        `document.getElementById("zone").textContent.startsWith("UTC")`,
		"the fault is put where it is":         `document.getElementById("blame").textContent.includes("db-2 loses to and from 32 of 32 nodes: its own link")`,
		"the links of the others are no fault": `document.querySelectorAll("#blame li").length === 1`,
		"the worst link is first":              `document.querySelector("#worst tr").textContent.includes("no session")`,
	} {
		if !eval[bool](b, expression) {
			t.Errorf("not so: %s\n%s", what, eval[string](b, `document.body.innerText`))
		}
	}
	b.do(perform(`document.getElementById("heat").focus()`), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	b.until("the keyboard reads the heat map", `document.getElementById("heat-cell").textContent.includes(" → ") && document.getElementById("heat-cell").textContent.includes(" ms; ")`)
	if bad := b.takeComplaints(); len(bad) > 0 {
		t.Errorf("the browser complains: %q", bad)
	}
}

// TestAddress: what a viewer chose is in the address, and an address shows the same again.
func TestAddress(t *testing.T) {
	demo := startDemo(t, "-nodes", "34")
	b := openTab(t, demo, 1440, 900)
	b.until("rows are shown", `document.querySelectorAll("#rows button.fold").length === 3`)
	b.do(perform(`document.querySelector("#rows button.fold").click()`), perform(`document.querySelector("#ranges button").click()`))
	b.do(perform(`document.querySelector("#rows tr[data-address='10.20.0.8:9999'] a").focus()`), chromedp.KeyEvent(kb.Enter))
	b.until("the drawer is open, with the history", `!document.getElementById("drawer").hidden && document.querySelectorAll("#drawer .log li").length === 10 && document.querySelectorAll("#drawer .problems li").length === 3 && document.activeElement.id === "drawer"`)
	if text := eval[string](b, `document.getElementById("drawer").innerText`); !strings.Contains(text, "tamtamctl why 10.20.0.8:9999") || !strings.Contains(text, "look again") {
		t.Errorf("the drawer: %s", text)
	}
	b.do(perform(`document.querySelector("#drawer-commands button").click()`))
	b.until("an address is copied, or marked where a page may not copy", `["Copied", "Selected"].includes(document.querySelector("#drawer-commands button").textContent)`)
	hash := eval[string](b, `location.hash`)
	if hash != "#member=10.20.0.8%3A9999&range=5&open=eu-a" {
		t.Errorf("address %q", hash)
	}
	again := openTab(t, demo+hash, 1440, 900)
	again.until("another browser shows the same", `!document.getElementById("drawer").hidden && document.getElementById("drawer-title").textContent === "db-2" &&
		document.querySelectorAll("#rows tr[data-address]").length === 14 && document.querySelector("#ranges button").getAttribute("aria-pressed") === "true"`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.until("Escape closes it, and the focus is where it was", `document.getElementById("drawer").hidden && document.activeElement.textContent === "db-2"`)
	again.do(perform(`location.hash = "status=DEAD&q=%3Cimg%20src=x%20onerror=alert(1)%3E&range=7&member=%3Cb%3E"`))
	again.until("what is no address of a member is text", `document.getElementById("drawer-title").textContent === "<b>" && document.querySelectorAll("#rows tr[data-address]").length === 0 && document.getElementById("more").textContent === "No matching members."`)
	again.do(perform(`history.back()`))
	again.until("Back shows what was", `document.getElementById("drawer-title").textContent === "db-2"`)
	for _, c := range []*tab{b, again} {
		if bad := c.takeComplaints(); len(bad) > 0 {
			t.Errorf("the browser complains: %q", bad)
		}
	}
}

// TestOneLine: a member takes one line, on a small laptop and on a telephone.
func TestOneLine(t *testing.T) {
	b := openDemo(t, 1024, 768)
	for _, width := range []int64{1440, 1024, 390} {
		b.do(chromedp.EmulateViewport(width, 800))
		if most := eval[float64](b, `Math.max(...[...document.querySelectorAll("#rows tr.ALIVE, #rows tr.DEAD")].map((tr) => tr.getBoundingClientRect().height))`); most > 34 {
			t.Errorf("at %d px a row is %.0f px high", width, most)
		}
		if high := eval[float64](b, `document.querySelector("#rows tr.ALIVE .who").getBoundingClientRect().width`); high < 80 {
			t.Errorf("at %d px a name has %.0f px", width, high)
		}
	}
}

// TestForcedColours: with colours that the viewer forces, states are seen, and a pressed button is.
func TestForcedColours(t *testing.T) {
	b := openDemo(t, 1280, 800)
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}})
	if !eval[bool](b, `matchMedia("(forced-colors: active)").matches`) {
		t.Skip("this browser cannot force colours")
	}
	for what, expression := range map[string]string{
		"the strips keep their colours": `getComputedStyle(document.querySelector("rect.DEAD")).forcedColorAdjust === "none"`,
		"a slice keeps its colours":     `getComputedStyle(document.querySelector("#slices .ALIVE")).forcedColorAdjust === "none"`,
		"a chosen slice differs":        `(document.querySelector("#slices button:last-child").setAttribute("aria-pressed", "true"), getComputedStyle(document.querySelector("#slices button:last-child")).outlineStyle === "solid")`,
		"a pressed button differs":      `getComputedStyle(document.querySelector("button[aria-pressed=true]")).borderTopWidth === "2px"`,
		"problems have a border":        `parseFloat(getComputedStyle(document.querySelector("#problems li")).borderTopWidth) > 0`,
	} {
		if !eval[bool](b, expression) {
			t.Errorf("not so: %s", what)
		}
	}
}
