// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manager is a service manager: the other end of NOTIFY_SOCKET.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
	name string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	// Not t.TempDir: the name of a socket is bounded.
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	name := filepath.Join(dir, "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &manager{t, conn, name}
}

// hears waits for a message that fits, and returns it.
func (m *manager) hears(pattern string) string {
	m.t.Helper()
	_ = m.conn.SetReadDeadline(time.Now().Add(Timeout))
	var heard []string
	for b := make([]byte, 4096); ; {
		n, err := m.conn.Read(b)
		if err != nil {
			m.t.Fatalf("%v: heard %q, not %s", err, heard, pattern)
		}
		if heard = append(heard, string(b[:n])); regexp.MustCompile(pattern).Match(b[:n]) {
			return string(b[:n])
		}
	}
}

// TestSystemd: what the service manager hears from the start to the end.
func TestSystemd(t *testing.T) {
	m := newManager(t)
	seed := absent(t)
	// A service that finds no seed is up all the same: a manager would end it.
	d := StartDaemon(t, bin, []string{"NOTIFY_SOCKET=" + m.name, "WATCHDOG_USEC=200000"}, "--join", seed)
	ready := m.hears("^READY=1\n")
	for _, want := range []string{"STATUS=joining, 1 alive", d.Gossip.String(), d.RPC} {
		if !strings.Contains(ready, want) {
			t.Errorf("%q is not in %q", want, ready)
		}
	}
	for range 3 {
		m.hears("^WATCHDOG=1$")
	}
	other := StartDaemon(t, bin, nil, "--join", d.Gossip.String())
	m.hears("^STATUS=joined, 2 alive")
	if err := d.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	m.hears("^RELOADING=1(\nMONOTONIC_USEC=[1-9][0-9]*)?$")
	m.hears("^READY=1\nSTATUS=joined")
	if err := d.Cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	m.hears("^STOPPING=1\n")
	if code := d.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	Eventually(t, "it left gracefully", func() bool { return other.Status(d) == "LEFT" })
}

// TestStopRightAfterReady: a daemon that is stopped as soon as it has said that it is ready ends
// gracefully.
func TestStopRightAfterReady(t *testing.T) {
	m := newManager(t)
	for range 20 {
		p, _ := start(t, bin, "tamtamd", []string{"--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0"}, []string{"NOTIFY_SOCKET=" + m.name}, true)
		m.hears("^READY=1\n")
		if code, _ := p.End(syscall.SIGTERM); code != 0 {
			t.Fatalf("exit code %d:\n%s", code, p.out.String())
		}
		m.hears("^STOPPING=1\n")
	}
}

// TestHungClients: connections that say nothing, to gRPC and to HTTP, and readers that stand still
// do not delay the end.
func TestHungClients(t *testing.T) {
	d := StartDaemon(t, bin, nil, "--http", "127.0.0.1:0")
	for range 20 {
		for _, at := range []string{d.RPC, d.HTTP()} {
			c, err := net.Dial("tcp", at)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
	}
	reader := StartStream(t, d, "stream")
	if err := reader.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	code, took := d.End(syscall.SIGTERM)
	if code != 0 || took > 8*time.Second { // it is within one, but machines are busy; grpc waits for 9
		t.Errorf("exit code %d after %v", code, took)
	}
}

// TestStoppedGivesNoSignOfLife: a daemon that is stopped does not respond, and the manager
// does not hear that it does.
func TestStoppedGivesNoSignOfLife(t *testing.T) {
	m := newManager(t)
	d := StartDaemon(t, bin, []string{"NOTIFY_SOCKET=" + m.name, "WATCHDOG_USEC=100000"})
	m.hears("^WATCHDOG=1$")
	if err := d.Cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	// What it sent before is read first; then comes nothing for ten times as long as the
	// manager would wait.
	b := make([]byte, 4096)
	for quiet, began := false, time.Now(); !quiet; {
		if time.Since(began) > Timeout {
			t.Fatal("it sends WATCHDOG=1 all the same")
		}
		_ = m.conn.SetReadDeadline(time.Now().Add(time.Second))
		_, err := m.conn.Read(b)
		quiet = err != nil
	}
	if err := d.Cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	m.hears("^WATCHDOG=1$")
}

// TestReload: SIGHUP applies what can be, names what cannot, and a bad file changes
// nothing and ends nobody.
func TestReload(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tamtam.yaml")
	write := func(format string, a ...any) {
		t.Helper()
		if err := os.WriteFile(file, fmt.Appendf(nil, format, a...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seed := StartDaemon(t, bin, nil)
	write("heartbeat: 300ms\nkeep: 100\ntag: [role=web, zone=a]\n")
	// Not StartDaemon, whose flags are stronger than the file.
	p, _ := start(t, bin, "tamtamd", []string{"--config", file, "--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0", "--http", "localhost:0", "--log-format", "json"}, nil, true)
	d := &Daemon{Process: p, dir: bin}
	Eventually(t, "tamtamd has started", d.started)
	hangup := func(outcome string) {
		t.Helper()
		before := strings.Count(d.out.String(), outcome)
		if err := d.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		Eventually(t, outcome, func() bool { return strings.Count(d.out.String(), outcome) > before })
	}
	set := func(args, want string) {
		t.Helper()
		if r := d.Ctl(strings.Fields(args)...); r.Code != 0 || r.Out != want+"\n" {
			t.Errorf("%s: %+v, want %s", args, r, want)
		}
	}
	set("configure heartbeat", "300ms")

	write("heartbeat: 250ms\nkeep: 5\nverbose: true\ntag: role=db\nmax: 300\nclustername: other\njoin: [%s]\nport: 1\n", seed.Gossip)
	hangup(`"msg":"configuration reloaded"`)
	set("configure heartbeat", "250ms")
	set("configure threshold", "debug")
	out := d.out.String()
	for _, key := range []string{"heartbeat", "keep", "verbose", "join", "tag"} {
		if !regexp.MustCompile(`"key":"` + key + `".*"msg":"change applied"`).MatchString(out) {
			t.Errorf("%s is not applied:\n%s", key, out)
		}
	}
	for _, key := range []string{"max", "cluster"} {
		if !regexp.MustCompile(`"key":"` + key + `".*"msg":"change needs a restart"`).MatchString(out) {
			t.Errorf("%s is not said to need a restart:\n%s", key, out)
		}
	}
	if strings.Contains(out, `"key":"port"`) { // a flag says otherwise
		t.Errorf("the file is stronger than a flag:\n%s", out)
	}
	if r := d.Ctl("nodes", "--tag", "role=db", "-o", "json"); r.Code != 0 || strings.Contains(r.Out, "zone") {
		t.Errorf("tags: %+v", r)
	}
	Eventually(t, "it joins the new seed", func() bool { return d.Sees(d, seed) })
	for range 8 {
		if r := d.Ctl("broadcast", "x"); r.Code != 0 {
			t.Fatalf("broadcast: %+v", r)
		}
	}
	if kept := d.Counters()["broadcasts_kept"]; kept != 5 {
		t.Errorf("%d broadcasts are kept", kept)
	}

	write("heartbeat: 100ms\nmax: many\n")
	hangup(`"msg":"configuration not reloaded, or not all of it"`)
	if !strings.Contains(d.out.String(), "tamtam.yaml:2: ") || !strings.Contains(d.out.String(), "many") {
		t.Errorf("the error does not say where:\n%s", d.out.String())
	}
	set("configure heartbeat", "250ms")
	if _, body := d.Get("/metrics"); !strings.Contains(body, "\ntamtam_config_last_reload_successful 0\n") {
		t.Error("the failure is not in the metrics")
	}

	// What a client changed is changed back by nothing but a change of the file.
	set("configure heartbeat 400", "400ms")
	write("heartbeat: 250ms\nkeep: 5\nverbose: false\ntag: role=db\n")
	hangup(`"msg":"configuration reloaded"`)
	set("configure heartbeat", "400ms")
	set("configure threshold", "info")
}

// TestReloadOfAKeyring: the file is read again at SIGHUP, though no key of the
// configuration has changed; one that is wrong leaves the keys as they are.
func TestReloadOfAKeyring(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	generate := func() string {
		t.Helper()
		r := Ctl(t, bin, nil, "", "keys", "generate")
		if r.Code != 0 {
			t.Fatalf("keys generate: %+v", r)
		}
		return r.Out
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first := generate()
	write(first)
	d := StartDaemon(t, bin, nil, "--keyring-file", file)
	before := d.Ctl("keys", "list")
	hangup := func(outcome string) {
		t.Helper()
		n := strings.Count(d.out.String(), outcome)
		if err := d.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		Eventually(t, outcome, func() bool { return strings.Count(d.out.String(), outcome) > n })
	}
	write("no key\n")
	hangup(`"msg":"configuration not reloaded, or not all of it"`)
	if r := d.Ctl("keys", "list"); r != before {
		t.Errorf("after a wrong file: %+v, before %+v", r, before)
	}
	write(first + generate())
	hangup(`"msg":"configuration reloaded"`)
	if r := d.Ctl("keys", "list"); r.Code != 0 || r == before {
		t.Errorf("after a new key: %+v, before %+v", r, before)
	}
	for line := range strings.Lines(first) {
		if key := strings.TrimSpace(line); key != "" && !strings.HasPrefix(key, "#") && strings.Contains(d.out.String(), key) {
			t.Error("a key is in the log")
		}
	}
}

// TestFewDescriptors: clients that open as many connections as they can leave a node that may
// open few descriptors enough for its pings, and for another client.
func TestFewDescriptors(t *testing.T) {
	seed := StartDaemon(t, bin, nil)
	third := StartDaemon(t, bin, nil, "--join", seed.Gossip.String())
	// A shell lowers the limit for the daemon that takes its place.
	dir := t.TempDir()
	script := filepath.Join(dir, program("", "tamtamd"))
	text := fmt.Sprintf("#!/bin/sh\nulimit -n 64 && exec %s \"$@\"\n", program(bin, "tamtamd"))
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	d := StartDaemon(t, dir, nil, "--join", seed.Gossip.String(), "--http", "127.0.0.1:0")
	d.dir = bin
	if n := len(d.events("few file descriptors: clients may have fewer connections, so that enough are left for the gossip")); n != 1 {
		t.Errorf("said %d times", n)
	}
	Eventually(t, "all see all", func() bool { return d.Sees(seed, third, d) && seed.Sees(seed, third, d) })
	for range 100 {
		for _, at := range []string{d.RPC, d.HTTP()} {
			if c, err := net.Dial("tcp", at); err == nil {
				defer c.Close()
			}
		}
	}
	// Clients have less than 90 % of them, whatever they do.
	seed.finds("few descriptors at another member", 0, func(g diagnosis) bool {
		return g.has("descriptors", "warning", d, "only 64 file descriptors") && !g.has("descriptors", "warning", third, "")
	})
	Eventually(t, "says that a bound is reached", func() bool {
		return len(d.events("connection closed for another one: too many are open")) > 0 && len(d.events("HTTP connection closed for another one: too many are open")) > 0
	})
	watch := StartWatch(t, seed)
	opened := func() int {
		all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.Cmd.Process.Pid))
		if err != nil {
			t.Skipf("the descriptors of a process cannot be counted here: %v", err)
		}
		return len(all)
	}
	pings := d.Counters()["datagrams_sent"]
	Meanwhile(t, "descriptors are left", func() bool { return opened() <= 64-8 && d.Lists(seed, third, d) }, func() bool {
		return d.Counters()["datagrams_sent"] > pings+20
	})
	steadily(t, watch, third, d)
}
