// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// What a node may call itself, and a message its topic, that a page must not take for
// more than text.
const (
	hostileName  = `<img src=x onerror=alert(1)>`
	hostileTopic = `<svg onload=alert(2)>`
)

// TestCluster follows a cluster of real daemons through what becomes of it, in one page
// that is never loaded again.
func TestCluster(t *testing.T) {
	browserPath(t)
	first := startDaemon(t, "--name", "first", "--clustername", "<b>bold</b>")
	join := []string{"--join", first.Gossip, "--clustername", "<b>bold</b>"}
	hostile := startDaemon(t, append(join, "--name", hostileName, "--tag", "note=<script>alert(3)</script>")...)
	third := startDaemon(t, append(join, "--name", "third", "--tag", "role=web")...)

	b := openTab(t, "http://"+first.HTTP+"/", 1280, 800)
	status := func(d *daemon, is string) string {
		return fmt.Sprintf(`document.querySelector('#rows tr[data-address="%s"]')?.className === %q`, d.Gossip, is)
	}
	b.do(perform(`window.loadedOnce = true`))
	b.until("three members are shown as alive", status(first, "ALIVE")+"&&"+status(hostile, "ALIVE")+"&&"+status(third, "ALIVE"))
	b.until("the page is live", `document.getElementById("live").textContent === "live"`)

	t.Run("links", func(t *testing.T) {
		b.until("each node tells its two links", `[...document.querySelectorAll("#matrix tr")].length === 3 &&
			[...document.querySelectorAll("#matrix tr")].every((tr) => [...tr.querySelectorAll("td")].filter((td) => parseFloat(td.textContent) > 0).length === 2)`)
		b.until("the table has the round trips", `[...document.querySelectorAll("#rows td[data-name='Round trip']")].filter((td) => td.textContent.endsWith(" ms")).length === 2`)
	})

	t.Run("messages", func(t *testing.T) {
		cmd := process(t, "tamtamctl", "--rpc", hostile.RPC, "broadcast", "--topic", hostileTopic, "a payload that is nobody's")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		b.until("it is shown", fmt.Sprintf(`document.querySelector("#message-list tr")?.textContent.includes(%q)`, hostileTopic))
		if text := eval[string](b, `document.documentElement.textContent`); strings.Contains(text, "nobody's") {
			t.Error("the payload is in the page")
		}
	})

	t.Run("hostile texts", func(t *testing.T) {
		for _, text := range []string{hostileName, "<b>bold</b>", "note=<script>alert(3)</script>", hostileTopic} {
			if !eval[bool](b, fmt.Sprintf(`document.body.innerText.includes(%q)`, text)) {
				t.Errorf("%q is not shown as it is", text)
			}
		}
		b.do(perform(`location.hash = new URLSearchParams({group: "tag:note", member: "` + hostile.Gossip + `"})`))
		b.until("they are text as a heading, in the drawer and in the history, too", fmt.Sprintf(`[...document.querySelectorAll("#rows button.fold")].some((f) => f.textContent.startsWith("note=<script>alert(3)</script>: 1")) &&
			document.getElementById("drawer-title").textContent === %q && [...document.querySelectorAll("#slices button")].some((s) => s.title.includes(%q))`, `"`+hostileName+`"`, `"`+hostileName+`" joined`))
		b.do(perform(`history.back()`))
		b.until("the drawer is closed", `document.getElementById("drawer").hidden`)
		if n := eval[int](b, `document.querySelectorAll("main img, main script, #drawer img, #message-list svg, b").length`); n != 0 {
			t.Errorf("%d elements were made of texts", n)
		}
		if bad := b.takeComplaints(); len(bad) > 0 {
			t.Errorf("the browser complains: %q", bad)
		}
	})

	t.Run("death", func(t *testing.T) {
		b.until("the checks find nothing, and all agree", `document.getElementById("verdict").className === "ok" && document.getElementById("agreement").textContent.includes("all 3 agree")`)
		_ = third.cmd.Process.Kill()
		b.until("it is dead", status(third, "DEAD"))
		b.until("it is a problem, in the words of doctor", `document.querySelector("#problem-list li.failure .found")?.textContent === "it is DEAD" && document.querySelector("#problem-list li.failure .name").textContent === "third"`)
		b.until("it is said", `document.getElementById("announce").textContent.includes("third dead")`)
		for what, expression := range map[string]string{
			"the page was loaded again":    `window.loadedOnce === true`,
			"it is no change":              `document.querySelector("#change-list li.DEAD")?.textContent.includes("third")`,
			"the button does not count it": `document.querySelector("button.DEAD .count").textContent === "1"`,
			"the title does not tell":      `document.title.startsWith("1 dead")`,
		} {
			if !eval[bool](b, `Boolean(`+expression+`)`) {
				t.Error(what)
			}
		}
		b.until("the strip says so in words", fmt.Sprintf(`document.querySelector('tr[data-address="%s"] svg').getAttribute("aria-label").includes("dead")`, third.Gossip))
		b.until("the matrix is without it", `document.querySelectorAll("#matrix tr").length === 2`)
	})

	t.Run("filters", func(t *testing.T) {
		b.do(perform(`document.querySelector("button.DEAD").click()`))
		b.until("only the dead one is shown", `document.querySelectorAll("#rows tr[data-address]").length === 1 && document.querySelector("#rows tr[data-address]").className === "DEAD"`)
		b.do(perform(`document.querySelector("button.all").click()`))
		b.do(perform(`(() => { const f = document.getElementById("find"); f.value = "ROLE=web third"; f.dispatchEvent(new Event("input")); })()`))
		b.until("only the one with the tag is shown", `document.querySelectorAll("#rows tr[data-address]").length === 1 && document.querySelector("#rows tr[data-address]").textContent.includes("third")`)
		b.do(perform(`(() => { const f = document.getElementById("find"); f.value = ""; f.dispatchEvent(new Event("input")); })()`))
		b.until("all are shown", `document.querySelectorAll("#rows tr[data-address]").length === 3`)
	})

	t.Run("leave", func(t *testing.T) {
		cmd := process(t, "tamtamctl", "--rpc", hostile.RPC, "leave")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		b.until("it has left", status(hostile, "LEFT"))
	})

	t.Run("remove", func(t *testing.T) {
		cmd := process(t, "tamtamctl", "--rpc", first.RPC, "remove", "--force", third.Gossip)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		b.until("it is shown as removed, and counted", status(third, "REMOVED")+` && document.querySelector("button.REMOVED .count").textContent === "1" && document.querySelector("button.all .count").textContent === "3"`)
		b.do(perform(`document.querySelector("button.REMOVED").click()`))
		b.until("only it is shown", `document.querySelectorAll("#rows tr[data-address]").length === 1`)
		b.do(perform(`document.querySelector("button.all").click()`))
	})

	t.Run("the daemon ends, and is back", func(t *testing.T) {
		_ = first.cmd.Process.Kill()
		b.until("what is shown is said to be old", `document.getElementById("live").className === "broken" && document.body.classList.contains("stale")`)
		b.until("a banner says so, and the title", `!document.getElementById("stale").hidden && document.getElementById("stale-since").textContent.startsWith("Not connected since ") && document.title.startsWith("✕ not connected")`)
		b.until("that all is well is not said", `document.getElementById("verdict").className !== "ok"`)
		since := `[...document.querySelectorAll("#rows .since, #phase")].map((e) => e.textContent).join("|")`
		was, counted := eval[string](b, since), eval[string](b, `document.getElementById("stale-for").textContent`)
		b.until("it counts how long", fmt.Sprintf(`document.getElementById("stale-for").textContent !== %q`, counted))
		// The page redraws every 5 s.
		b.do(perform(`window.redrawn = 0, new MutationObserver(() => window.redrawn++).observe(document.querySelector("#rows svg"), {childList: true})`))
		b.until("it is drawn again", `window.redrawn > 0`)
		if now := eval[string](b, since); now != was {
			t.Errorf("while the daemon is away, the clock goes on: %q, then %q", was, now)
		}
		if bad := eval[[]string](b, contrasts); len(bad) > 0 {
			t.Errorf("hard to read: %q", bad)
		}
		_, port, _ := net.SplitHostPort(first.HTTP)
		_, gossip, _ := net.SplitHostPort(first.Gossip)
		again := startDaemon(t, "--name", "again", "--http", "127.0.0.1:"+port, "--port", gossip, "--clustername", "other")
		b.until("the page has found it", `document.getElementById("live").className === "live" && document.getElementById("node").textContent.startsWith("again")`)
		b.until("it shows the new one's members", `document.querySelectorAll("#rows tr[data-address]").length === 1 && `+status(again, "ALIVE"))
		if !eval[bool](b, `window.loadedOnce === true`) {
			t.Error("the page was loaded again")
		}
	})
}

// TestPolicy: what a text would have to do, if one became markup after all, is not done.
func TestPolicy(t *testing.T) {
	b := openTab(t, startDemo(t), 800, 600)
	b.until("the page is live", `document.getElementById("live").textContent === "live"`)
	if bad := b.takeComplaints(); len(bad) > 0 {
		t.Errorf("the browser complains: %q", bad)
	}
	for what, script := range map[string]string{
		"markup is parsed":       `try { document.body.insertAdjacentHTML("beforeend", "<i>x</i>"); false } catch (e) { e instanceof TypeError }`,
		"an inline script runs":  `try { const s = document.createElement("script"); s.append("window.ran = 1"); document.body.append(s) } catch {} ; window.ran === undefined`,
		"another host is loaded": `!document.querySelector("iframe") && (() => { const i = new Image(); i.src = "http://127.0.0.2:1/x.png"; return !i.complete || i.naturalWidth === 0 })()`,
	} {
		if !eval[bool](b, script) {
			t.Error(what)
		}
	}
	// Not from here: what the test itself runs may do so.
	b.do(perform(`setTimeout(() => { try { new Function("window.ran = 1")() } catch { window.stopped = true } })`))
	b.until("no text is evaluated", `window.stopped === true && window.ran === undefined`)
	bad := strings.Join(b.takeComplaints(), "\n")
	if !strings.Contains(bad, "Content Security Policy") {
		t.Errorf("nothing was stopped by the policy: %s", bad)
	}
}
