// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestLogReaderGone: a daemon whose log nobody reads any more runs on, and counts what is lost.
func TestLogReaderGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no SIGPIPE")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(bin, "tamtamd"), "--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0", "--log-format", "json", "--heartbeat", "200ms")
	cmd.Env, cmd.Stderr = environ(t.TempDir(), nil), w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	_ = w.Close()
	var at struct{ Gossip, RPC string }
	for lines := bufio.NewScanner(r); at.RPC == "" && lines.Scan(); {
		_ = json.Unmarshal(lines.Bytes(), &at)
	}
	_ = r.Close()

	other := StartDaemon(t, bin, nil, "--join", at.Gossip)
	lost := func() string {
		got := Ctl(t, bin, []string{"TAMTAM_RPC=" + at.RPC}, "", "-o", "json", "stats")
		if got.Code != 0 {
			t.Fatalf("the daemon does not answer: %+v", got)
		}
		var m map[string]json.Number
		if err := json.Unmarshal([]byte(got.Out), &m); err != nil {
			t.Fatalf("%v: %s", err, got.Out)
		}
		return m["log_lines_lost"].String()
	}
	Eventually(t, "they are members", func() bool {
		return strings.Contains(Ctl(t, bin, []string{"TAMTAM_RPC=" + at.RPC}, "", "nodes").Out, other.Gossip.String())
	})
	other.Kill() // worth a line
	Eventually(t, "lines are lost", func() bool { n := lost(); return n != "" && n != "0" })
	if r := Ctl(t, bin, []string{"TAMTAM_RPC=" + at.RPC}, "", "nodes"); r.Code != 0 || !strings.Contains(r.Out, "127.0.0.1") {
		t.Errorf("nodes: %+v", r)
	}
	select {
	case <-ended:
		t.Error("the daemon has ended")
	default:
	}
}

// event is a line of the log.
type event struct{ Level, Msg, Address, Status, Previous, Reason, By string }

// events returns the lines of a daemon's log so far that are of an event.
func (d *Daemon) events(msg string) (all []event) {
	for line := range strings.Lines(d.out.String()) {
		var e event
		if json.Unmarshal([]byte(line), &e) == nil && e.Msg == msg {
			all = append(all, e)
		}
	}
	return all
}

// TestEvents: the log has an event for what happens to a member, and a death is a warning with
// its reason and who reported it.
func TestEvents(t *testing.T) {
	all := Cluster(t, bin, 3)
	seen, leaves, dies := all[0], all[1], all[2]
	await := func(msg string, of *Daemon, want event) {
		t.Helper()
		want.Msg, want.Address = msg, of.Gossip.String()
		var last event
		Eventually(t, msg, func() bool {
			for _, e := range seen.events(msg) {
				if last = e; e.Address == want.Address {
					return true
				}
			}
			return false
		})
		if want.By == "" { // any member may be the first to report a death
			last.By, last.Previous = "", want.Previous
		}
		if last != want {
			t.Errorf("%+v, want %+v", last, want)
		}
	}
	await("member joined", dies, event{Level: "info", Status: "ALIVE", Previous: "NONE", Reason: "JOINED"})
	dies.Kill()
	await("member dead", dies, event{Level: "warn", Status: "DEAD", Previous: "SUSPECTED", Reason: "NO_ANSWER"})
	dies = dies.Restart("--join", seen.Gossip.String())
	await("member returned", dies, event{Level: "info", Status: "ALIVE", Previous: "DEAD", Reason: "RETURNED"})
	if code, _ := leaves.End(os.Interrupt); code != 0 {
		t.Errorf("exit code %d", code)
	}
	await("member left", leaves, event{Level: "info", Status: "LEFT", Previous: "ALIVE", Reason: "GOODBYE"})
	if r := seen.Ctl("leave", leaves.Gossip.String()); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	await("member removed", leaves, event{Level: "info", Status: "LEFT", Reason: "EXPELLED", By: seen.Gossip.String()})
}

// TestReadyInTheLog: a node that has joined none of its seeds has started, and is not ready.
func TestReadyInTheLog(t *testing.T) {
	seed := absent(t)
	d := StartDaemon(t, bin, nil, "--join", seed)
	Eventually(t, "it seeks its seed", func() bool { return len(d.events("seed not joined yet, retrying")) == 1 })
	if len(d.events("started")) != 1 || len(d.events("ready")) != 0 {
		t.Errorf("logged:\n%s", d.out.String())
	}
	StartDaemon(t, bin, nil, "--join", d.Gossip.String())
	Eventually(t, "it is ready", func() bool { return len(d.events("ready")) == 1 })
	alone := StartDaemon(t, bin, nil)
	Eventually(t, "one without seeds is ready", func() bool { return len(alone.events("ready")) == 1 })
}

// TestHeldBack: what one client causes again and again has few lines, and they say how many were
// held back.
func TestHeldBack(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	writeToken(t, token, "full-0123456789abcdef")
	d := StartDaemon(t, bin, nil, "--rpc-token-file", token)
	calls := 0
	lines := func() int { return strings.Count(d.out.String(), `"msg":"call refused"`) }
	Eventually(t, "a line says how many were held back", func() bool {
		if r := d.Ctl("nodes"); r.Code != 5 {
			t.Fatalf("%+v", r)
		}
		calls++
		return strings.Contains(d.out.String(), `"held_back":`)
	})
	if n := lines(); n == 0 || n > calls/2+1 {
		t.Errorf("%d lines about %d calls:\n%s", n, calls, d.out.String())
	}
}
