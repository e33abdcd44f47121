// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// cable is between a browser and daemons. It can be cut, and plugged in again.
type cable struct {
	listener net.Listener

	mu   sync.Mutex // guards what follows
	to   string     // empty: cut
	open map[net.Conn]bool
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: l, to: to, open: map[net.Conn]bool{}}
	t.Cleanup(func() {
		_ = l.Close()
		c.plug("")
	})
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(near)
		}
	}()
	return c
}

func (c *cable) carry(near net.Conn) {
	c.mu.Lock()
	to := c.to
	c.mu.Unlock()
	far, err := net.Dial("tcp", to)
	if err != nil {
		_ = near.Close()
		return
	}
	c.mu.Lock()
	c.open[near], c.open[far] = true, true
	if c.to != to { // it was cut meanwhile
		_, _ = near.Close(), far.Close()
	}
	c.mu.Unlock()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	_, _ = io.Copy(near, far)
	_ = near.Close()
}

// plug closes all connections, and leads later ones elsewhere.
func (c *cable) plug(to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = to
	for open := range c.open {
		_ = open.Close()
	}
	clear(c.open)
}

// TestEventSource: a page follows members and messages by the EventSource of its browser, which goes on where it was after
// the network has failed, and begins again with another daemon.
func TestEventSource(t *testing.T) {
	browserPath(t)
	first := startDaemon(t, "--name", "first")
	c := newCable(t, first.HTTP)
	url := "http://" + c.listener.Addr().String()
	b := openTab(t, url+"/runbook", 800, 600) // a page of the daemon, without a stream of its own
	b.do(perform(`(() => {
		window.lines = []; window.opened = 0; window.said = [];
		const members = new EventSource("/v1/watch?tag=role!=db");
		members.onopen = () => window.opened++;
		for (const name of ["present", "synced", "change", "end"]) {
			members.addEventListener(name, (e) => window.lines.push(JSON.parse(e.data)));
		}
		const messages = new EventSource("/v1/messages?topic=deploy");
		messages.addEventListener("cursor", () => window.said.push("begun"));
		messages.addEventListener("message", (e) => window.said.push(JSON.parse(e.data).text));
	})()`))
	b.until("the first one is present", `lines.length >= 2 && lines[0].event === "present" && lines[0].member.name === "first" && lines[1].event === "synced" && !lines[1].resumed`)
	b.until("messages may come", `said.length > 0`)

	join := []string{"--join", first.Gossip}
	startDaemon(t, append(join, "--name", "database", "--tag", "role=db")...)
	web := startDaemon(t, append(join, "--name", "web")...)
	named := func(name string) string {
		return fmt.Sprintf(`lines.some((l) => l.event === "change" && l.member.name === %q)`, name)
	}
	b.until("a new member comes", named("web"))
	send := func(text string) {
		t.Helper()
		if out, err := process(t, "tamtamctl", "--rpc", web.RPC, "broadcast", "--topic", "deploy", "--wait", "all", text).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	send("one")
	b.until("a message comes", `said.at(-1) === "one"`)

	c.plug("127.0.0.1:1") // where nobody answers
	late := startDaemon(t, append(join, "--name", "late")...)
	if out, err := process(t, "tamtamctl", "--rpc", first.RPC, "wait", "--alive", "4", "--timeout", "90s").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	send("two")
	if eval[bool](b, named("late")) {
		t.Error("the network was not cut")
	}
	c.plug(first.HTTP)
	b.until("it goes on, with what it missed", `lines.some((l) => l.event === "synced" && l.resumed) && `+named("late"))
	b.until("so do messages", `said.at(-1) === "two"`)
	if n := eval[int](b, `said.filter((s) => s === "one").length + lines.filter((l) => l.event === "present").length`); n != 2 {
		t.Errorf("%d messages and members came at first, or again", n)
	}
	if eval[bool](b, `lines.some((l) => l.member?.name === "database")`) {
		t.Error("one came that does not match")
	}

	// The daemon is another one: its revisions are, too.
	_ = first.cmd.Process.Kill()
	again := startDaemon(t, "--name", "again", "--join", late.Gossip)
	b.do(perform(`window.lines = []`))
	c.plug(again.HTTP)
	b.until("it begins with all members", `lines.some((l) => l.event === "synced" && !l.resumed) && lines.some((l) => l.event === "present" && l.member.name === "again")`)
	b.until("it goes on with the others", `["web", "late"].every((name) => lines.some((l) => l.member?.name === name))`)
	send("three")
	b.until("messages go on", `said.at(-1) === "three"`)
}
