// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// attached is a running tamtamctl attach, and the command that it has started.
type attached struct {
	*Process
	command int // process ID
}

// startAttach attaches a service web to a node, with a command that writes its process ID to a file.
func startAttach(t *testing.T, d *Daemon, script string, flags ...string) attached {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pid")
	args := append([]string{"attach", "--rpc", d.RPC, "--service", "web:8080"}, flags...)
	args = append(args, "--", "sh", "-c", `echo $$ > "$0.new"; mv "$0.new" "$0"; `+script, file)
	p, _ := start(t, bin, "tamtamctl", args, nil, true)
	a := attached{Process: p}
	Eventually(t, "the command runs", func() bool {
		b, _ := os.ReadFile(file)
		a.command, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return a.command > 0
	})
	t.Cleanup(func() { _ = syscall.Kill(a.command, syscall.SIGKILL) }) // it may have ended
	return a
}

// offers returns how many members each daemon lists that offer the service web.
type offers []tamtamv1.TamTamServiceClient

func offersOf(daemons []*Daemon) (all offers) {
	for _, d := range daemons {
		all = append(all, tamtamv1.NewTamTamServiceClient(d.Dial()))
	}
	return all
}

// until waits until each daemon lists so many members that offer the service, and returns how long that took.
func (o offers) until(t *testing.T, want int) time.Duration {
	t.Helper()
	began := time.Now()
	for i, c := range o {
		for {
			ctx, cancel := context.WithTimeout(t.Context(), Timeout)
			r, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{Filter: &tamtamv1.MemberFilter{Service: "web"}})
			cancel()
			if err == nil && len(r.GetMembers()) == want {
				break
			}
			if time.Since(began) > Timeout {
				t.Fatalf("node %d lists %d, %v; want %d", i, len(r.GetMembers()), err, want)
			}
			time.Sleep(time.Millisecond)
		}
	}
	return time.Since(began)
}

// TestAttachEnds: whatever ends, no node lists the service any more, and a command does not outlive its
// client. The log has the times; the bound is that of a broken program.
func TestAttachEnds(t *testing.T) {
	daemons := Cluster(t, bin, 3)
	all := offersOf(daemons)
	const forever = "exec sleep 3600"
	for _, c := range []struct {
		name string
		end  func(a attached)
		code int // of the client; -1 for killed
	}{
		{"the command is killed", func(a attached) { _ = syscall.Kill(a.command, syscall.SIGKILL) }, 137},
		{"the client is killed", func(a attached) { _ = a.Cmd.Process.Signal(syscall.SIGKILL) }, -1},
		{"the client is asked to end", func(a attached) { _ = a.Cmd.Process.Signal(syscall.SIGTERM) }, 143},
	} {
		a := startAttach(t, daemons[0], forever)
		up := all.until(t, 1)
		c.end(a)
		took := all.until(t, 0)
		t.Logf("%s: all nodes had it %v after the start, and none %v after the end", c.name, up.Round(time.Millisecond), took.Round(100*time.Microsecond))
		if code := a.Wait(); code != c.code {
			t.Errorf("%s: exit status %d, want %d", c.name, code, c.code)
		}
		Eventually(t, "the command has ended", func() bool { return gone(a.command) })
	}

	// A client that hangs loses its services, and gets them back when it goes on.
	a := startAttach(t, daemons[0], forever)
	all.until(t, 1)
	_ = a.Cmd.Process.Signal(syscall.SIGSTOP)
	took := all.until(t, 0)
	t.Logf("the client hangs: none %v later", took.Round(time.Millisecond))
	_ = a.Cmd.Process.Signal(syscall.SIGCONT)
	all.until(t, 1)
	if n := daemons[0].Counters()["attach_expired"]; n == 0 {
		t.Error("no program has expired")
	}

	// The daemon ends: so do its services. The client finds the next one.
	daemons[0].Kill()
	daemons[0] = daemons[0].Restart("--rpc", daemons[0].RPC, "--join", daemons[1].Gossip.String())
	took = offersOf(daemons).until(t, 1)
	t.Logf("the daemon was killed and started again: all nodes had it %v later", took.Round(time.Millisecond))
	if gone(a.command) {
		t.Error("the command did not outlive the daemon")
	}
}

// gone reports whether a process has ended, waited for or not.
func gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(after, "Z")
}

// TestAttachCheck: each kind of check, and draining.
func TestAttachCheck(t *testing.T) {
	daemons := Cluster(t, bin, 2)
	all := offersOf(daemons)
	var well atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !well.Load() {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	file := filepath.Join(t.TempDir(), "well")
	port := func() string { return fmt.Sprint(server.Listener.Addr().(*net.TCPAddr).Port) }
	for _, c := range []struct {
		name, check string
		fix, spoil  func()
	}{
		{"a URL", server.URL + "/healthz?x=1", func() { well.Store(true) }, func() { well.Store(false) }},
		{"a command", "test -e '" + file + "'", func() { _ = os.WriteFile(file, nil, 0o600) }, func() { _ = os.Remove(file) }},
	} {
		a := startAttach(t, daemons[0], "trap 'exit 3' TERM; while :; do sleep 0.02; done", "--check", c.check, "--interval", "50ms", "--drain", "200ms")
		Eventually(t, c.name+" fails", func() bool { return strings.Contains(a.out.String(), "the check fails") })
		all.until(t, 0)
		c.fix()
		all.until(t, 1)
		c.spoil()
		all.until(t, 0)
		c.fix()
		all.until(t, 1)
		began := time.Now()
		_ = a.Cmd.Process.Signal(syscall.SIGTERM)
		all.until(t, 0)
		if code := a.Wait(); code != 3 || time.Since(began) < 200*time.Millisecond {
			t.Errorf("%s: exit status %d after %v", c.name, code, time.Since(began))
		}
	}
	// A port, without a command.
	p, _ := start(t, bin, "tamtamctl", []string{"attach", "--rpc", daemons[0].RPC, "--service", "web:" + port(), "--check", "tcp", "--interval", "50ms"}, nil, true)
	all.until(t, 1)
	server.Close()
	all.until(t, 0)
	if code, _ := p.End(syscall.SIGTERM); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// TestAttachTaken: a second program, and a tag, cannot have the name of a service, and the command does not start.
func TestAttachTaken(t *testing.T) {
	d := StartDaemon(t, bin, nil, "--tag", "service/db=5432")
	a := startAttach(t, d, "exec sleep 3600")
	offersOf([]*Daemon{d}).until(t, 1)
	for args, want := range map[string]string{
		"attach --service web:1 -- echo started":            "web: another program",
		"attach --service x:1 --service db:1 -- echo no":    "db: the node has a tag service/db",
		"tags set service/web=1":                            "web: a program offers it",
		"tags delete service/web":                           "web: a program offers it",
		"attach --service x:1 -- /nonexistent/program -a b": "/nonexistent/program does not start",
	} {
		r := d.Ctl(strings.Fields(args)...)
		code := 5
		if strings.Contains(args, "nonexistent") {
			code = 1
		}
		if r.Code != code || r.Out != "" || !strings.Contains(r.Err, want) {
			t.Errorf("%s: %+v, want %q", args, r, want)
		}
	}
	if r := d.Ctl("tags", "set", "role=x"); r.Code != 0 || strings.Contains(r.Out, "service/web") || !strings.Contains(r.Out, "service/db=5432") {
		t.Errorf("own tags: %+v", r)
	}
	if r := d.Ctl("nodes", "--service", "db", "-o", "name"); r.Code != 0 || r.Out == "" {
		t.Errorf("nodes --service db: %+v", r)
	}
	if r := d.Ctl("nodes", "--service", "none"); r.Code != 3 {
		t.Errorf("nodes --service none: %+v", r)
	}
	_, _ = a.End(syscall.SIGTERM)
}

// TestAttachRetry: with --retry, the command starts without a daemon, and its service is announced when there
// is one; without, it does not start.
func TestAttachRetry(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	d.Kill()
	if r := d.Ctl("attach", "--service", "web:1", "--", "echo", "started"); r.Code != 4 || r.Out != "" || !strings.Contains(r.Err, "no tamtamd answers") {
		t.Errorf("without --retry: %+v", r)
	}
	a := startAttach(t, d, "trap 'echo hup' HUP; while :; do sleep 0.02; done", "--retry")
	d = d.Restart("--rpc", d.RPC)
	offersOf([]*Daemon{d}).until(t, 1)
	_ = a.Cmd.Process.Signal(syscall.SIGHUP) // it is passed on, and ends nobody
	if r := d.Ctl("wait", "--alive", "1", "--service", "web"); r.Code != 0 {
		t.Errorf("%+v", r)
	}
	if code, _ := a.End(syscall.SIGINT); code != 130 {
		t.Errorf("exit status %d, want 130", code)
	}
}
