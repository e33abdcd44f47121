// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/eelcocramer/tamtam/internal/testpty"
)

// TestTop: on a terminal, the members are shown and their changes, whatever the size and
// whether the daemon is there; and q leaves the terminal as it was.
func TestTop(t *testing.T) {
	all := Cluster(t, bin, 3)
	p := testpty.Open(t)
	before := p.Modes()
	top := startTop(t, p, "--rpc", all[0].RPC, "--interval", "200ms")
	shows := func(what string, ok func(frame []string, text string) bool) {
		t.Helper()
		Eventually(t, "it shows "+what, func() bool {
			f := p.Frame()
			return ok(f, strings.Join(f, "\n"))
		})
	}
	has := func(words ...string) func([]string, string) bool {
		return func(_ []string, text string) bool {
			for _, w := range words {
				if !strings.Contains(text, w) {
					return false
				}
			}
			return true
		}
	}
	shows("all members, and rates", has("3 members: 3 alive", all[0].Gossip.String(), "B/s", "not encrypted", "all 3 agree", "no problems", "LAST CHANGES", "it joined"))
	all[2].Kill()
	shows("a death", has("2 alive, 1 dead", "  no answer", "! 1 problem"))
	p.Type("\x1b[B\r") // down and Enter
	shows("why", has("PROBLEMS", "it is DEAD", "-> start its tamtamd", "CHANGES", "Esc back"))
	p.Type("\r")
	shows("the table again", has("LAST CHANGES"))
	p.Type("m")
	shows("the links", has("2 nodes of 2: a row is from", "m Esc back", "no link loses much"))
	p.Type("\x1b")
	shows("the table once more", has("LAST CHANGES"))
	p.Type("a")
	p.Resize(40, 10)
	shows("ten lines", func(f []string, text string) bool { return len(f) == 10 && strings.Contains(text, "STATUS") })
	p.Resize(120, 30)
	shows("thirty lines", func(f []string, _ string) bool { return len(f) == 30 })
	p.Type("/" + all[1].Gossip.String() + "\r")
	shows("what was filtered", func(f []string, text string) bool {
		return has("/ filter: "+all[1].Gossip.String())(f, text) && !strings.Contains(strings.Join(f[6:8], "\n"), all[0].Gossip.String())
	})
	all[0].Kill()
	shows("that there is no answer", has("NOT CONNECTED for"))
	all[0] = StartDaemon(t, bin, nil, "--rpc", all[0].RPC, "--join", all[1].Gossip.String())
	shows("the daemon that is back", func(f []string, text string) bool {
		return !strings.Contains(text, "NOT CONNECTED") && strings.Contains(f[0], all[0].Gossip.String())
	})
	p.Type("q")
	if code := top.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if p.Modes() != before {
		t.Error("the terminal's modes are not as they were")
	}
	Eventually(t, "the other screen is left", func() bool { return strings.HasSuffix(p.Output(), "\x1b[?25h\x1b[?1049l") })
	if strings.Contains(p.Output(), "\x1b[3") {
		t.Error("there are colours, with NO_COLOR")
	}
}

// startTop starts top on a terminal.
func startTop(t *testing.T, p *testpty.Terminal, args ...string) *Process {
	t.Helper()
	cmd := exec.Command(program(bin, "tamtamctl"), append([]string{"top"}, args...)...)
	cmd.Env = environ(t.TempDir(), []string{"TERM=xterm", "NO_COLOR=1"})
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.Slave, p.Slave, p.Slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	top := &Process{t: t, Cmd: cmd, done: make(chan struct{}), out: &lines{}}
	go func() {
		_ = cmd.Wait() // the exit code is in ProcessState
		close(top.done)
	}()
	t.Cleanup(func() {
		top.Kill()
		if t.Failed() {
			t.Logf("it showed\n%s", strings.Join(p.Frame(), "\n"))
		}
	})
	return top
}

// TestTopThatMayOnlyRead: with a token that may only read, top shows what it shows with any other:
// problems, histories, the rates of the last minutes and the links.
func TestTopThatMayOnlyRead(t *testing.T) {
	dir := t.TempDir()
	file := func(name, secret string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Repeat(secret, 40)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	read := file("read", "r")
	d := StartDaemon(t, bin, nil, "--rpc", "127.0.0.1:0", "--rpc-token-file", file("token", "t"), "--rpc-read-token-file", read)
	other := StartDaemon(t, bin, nil, "--join", d.Gossip.String(), "--name", "web-1")
	third := StartDaemon(t, bin, nil, "--join", d.Gossip.String(), "--name", "web-2")
	Eventually(t, "all see all", func() bool { return other.Sees(d, other, third) && third.Sees(d, other, third) })
	other.Kill()
	p := testpty.Open(t)
	startTop(t, p, "--rpc", d.RPC, "--rpc-token-file", read)
	shows := func(what string, words ...string) {
		t.Helper()
		Eventually(t, "it shows "+what, func() bool {
			text := strings.Join(p.Frame(), "\n")
			for _, w := range words {
				if !strings.Contains(text, w) {
					return false
				}
			}
			return true
		})
	}
	shows("the problem, the history and the rates", "1 dead", "all 2 agree   ! 1 problem", "  no answer", "  by ", "net   in ", "▄")
	p.Type("\r")
	shows("what to do", "✕ web-1  DEAD for", "-> start its tamtamd", "  no answer")
	p.Type("m")
	shows("the links", "2 nodes of 2: a row is from", "no link loses much")
}

// TestTopWithoutATerminal: blocks of text, so many of them.
func TestTopWithoutATerminal(t *testing.T) {
	all := Cluster(t, bin, 2)
	r := all[0].Ctl("top", "--count", "2", "--interval", "200ms")
	if r.Code != 0 || strings.Count(r.Out, "2 members: 2 alive") != 2 || strings.Count(r.Out, all[1].Gossip.String()) != 2 || strings.Contains(r.Out, "\x1b") {
		t.Errorf("%+v", r)
	}
	Eventually(t, "loss is told", func() bool { return strings.Contains(all[0].Ctl("nodes", "-o", "json").Out, `"loss":`) })
}
