// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package clustertest tests TamTam as its users meet it: real processes on this
// machine, each on ports of its own, and the real client. Nothing sleeps for a
// fixed time: what is to happen is polled for, with a bound that only a broken
// program reaches.
package clustertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Timeout is how long anything may take. It is no expectation of speed.
const Timeout = 60 * time.Second

// Build builds the programs into dir. It is called once, by TestMain.
func Build(dir string) error {
	for _, pkg := range []string{
		"github.com/eelcocramer/tamtam/cmd/tamtamd",
		"github.com/eelcocramer/tamtam/cmd/tamtamctl",
		"github.com/eelcocramer/tamtam/cmd/tamtam-template",
		"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/clustertest/plainnode",
	} {
		// Without -race: Smudge races with itself all the time.
		cmd := exec.Command("go", "build", "-o", program(dir, filepath.Base(pkg)), pkg)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	return nil
}

func program(dir, name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(dir, name)
}

// environ is the environment of all programs: this one's, without what would
// configure them.
func environ(dir string, extra []string) []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TAMTAM_") && !strings.HasPrefix(kv, "SMUDGE_") && !strings.HasPrefix(kv, "HOME=") {
			env = append(env, kv)
		}
	}
	return append(append(env, "HOME="+dir), extra...)
}

// Process is a running program.
type Process struct {
	t    testing.TB
	Cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	out  *lines        // what it printed where we look
}

// start starts a program and looks at the stream that pick chooses.
func start(t testing.TB, dir, name string, args, env []string, onStderr bool) (*Process, io.WriteCloser) {
	t.Helper()
	p := &Process{t: t, Cmd: exec.Command(program(dir, name), args...), done: make(chan struct{}), out: &lines{}}
	p.Cmd.Env = environ(t.TempDir(), env)
	p.Cmd.WaitDelay = Timeout // for what it has started and left behind, holding its output
	if onStderr {
		p.Cmd.Stderr = p.out
	} else {
		p.Cmd.Stdout = p.out
	}
	in, err := p.Cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.Cmd.Wait() // the exit code is in ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s %v printed:\n%s", name, args, p.out.String())
		}
	})
	return p, in
}

// Kill ends the process at once and waits until it has.
func (p *Process) Kill() {
	_ = p.Cmd.Process.Kill() // it may have ended
	<-p.done
}

// End sends the process a signal that asks it to end, and returns its exit code and
// how long it took.
func (p *Process) End(with os.Signal) (code int, took time.Duration) {
	p.t.Helper()
	began := time.Now()
	if err := p.Cmd.Process.Signal(with); err != nil {
		p.t.Fatal(err)
	}
	code = p.Wait()
	return code, time.Since(began)
}

// Wait waits for the process to end by itself, and returns its exit code.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.done:
		return p.Cmd.ProcessState.ExitCode()
	case <-time.After(Timeout):
		p.t.Fatalf("it has not ended:\n%s", p.out.String())
		return -1
	}
}

// lines collects what a process prints.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Daemon is a running tamtamd.
type Daemon struct {
	*Process
	dir    string
	Gossip netip.AddrPort
	RPC    string
}

// StartDaemon starts a tamtamd on 127.0.0.1 and ports of its own, as far as args
// say nothing else, and waits until it serves. It may not have joined its seeds yet.
func StartDaemon(t testing.TB, dir string, env []string, args ...string) *Daemon {
	t.Helper()
	has := func(flag string) bool {
		return strings.Contains(" "+strings.Join(args, " "), " --"+flag) ||
			slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "TAMTAM_"+strings.ToUpper(flag)+"=") })
	}
	for _, d := range [][2]string{{"bind", "127.0.0.1"}, {"port", "0"}, {"rpc", "127.0.0.1:0"}, {"heartbeat", "200ms"}} {
		if !has(d[0]) {
			args = append(args, "--"+d[0], d[1])
		}
	}
	args = append(args, "--log-format", "json")
	p, _ := start(t, dir, "tamtamd", args, env, true)
	d := &Daemon{Process: p, dir: dir}
	Eventually(t, "tamtamd has started", func() bool {
		select {
		case <-p.done:
			t.Fatalf("tamtamd %v has ended:\n%s", args, p.out.String())
		default:
		}
		return d.started()
	})
	return d
}

// started looks for the line that tells the addresses.
func (d *Daemon) started() bool {
	for line := range strings.Lines(d.out.String()) {
		var l struct{ Msg, Gossip, RPC string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Msg == "started" {
			d.Gossip, d.RPC = netip.MustParseAddrPort(l.Gossip), l.RPC
			return true
		}
	}
	return false
}

// Restart starts a daemon again at the same gossip address. The old one must have
// ended.
func (d *Daemon) Restart(args ...string) *Daemon {
	d.t.Helper()
	return StartDaemon(d.t, d.dir, nil, append([]string{"--port", fmt.Sprint(d.Gossip.Port())}, args...)...)
}

// Result is what a run of tamtamctl came to.
type Result struct {
	Out, Err string
	Code     int
}

// Ctl runs tamtamctl on the daemon.
func (d *Daemon) Ctl(args ...string) Result {
	d.t.Helper()
	return Ctl(d.t, d.dir, []string{"TAMTAM_RPC=" + d.RPC}, "", args...)
}

// CtlIn runs tamtamctl on the daemon with standard input.
func (d *Daemon) CtlIn(stdin string, args ...string) Result {
	d.t.Helper()
	return Ctl(d.t, d.dir, []string{"TAMTAM_RPC=" + d.RPC}, stdin, args...)
}

// Ctl runs tamtamctl with an environment and standard input.
func Ctl(t testing.TB, dir string, env []string, stdin string, args ...string) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(dir, "tamtamctl"), args...)
	cmd.Env = environ(t.TempDir(), env)
	cmd.WaitDelay = Timeout
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("tamtamctl %v: %v", args, err)
	}
	return Result{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// Member is a member as tamtamctl prints it in JSON.
type Member struct {
	Address, Name, Status, Version, Session string
	Local, Plain, Flapping                  bool
}

// Members returns the members that the daemon lists, by address.
func (d *Daemon) Members() map[string]Member {
	d.t.Helper()
	r := d.Ctl("nodes", "-o", "json", "--timeout", Timeout.String()) // by itself it gives up sooner than a slow machine takes
	var list []Member
	if err := json.Unmarshal([]byte(r.Out), &list); err != nil {
		d.t.Fatalf("nodes printed %q, %q: %v", r.Out, r.Err, err)
	}
	members := map[string]Member{}
	for _, m := range list {
		members[m.Address] = m
	}
	return members
}

// Statuses returns the statuses of the members that the daemon lists, by address.
func (d *Daemon) Statuses() map[string]string {
	d.t.Helper()
	statuses := map[string]string{}
	for a, m := range d.Members() {
		statuses[a] = m.Status
	}
	return statuses
}

// Status returns the status of another daemon as this one lists it, "" when it
// does not.
func (d *Daemon) Status(of *Daemon) string {
	d.t.Helper()
	return d.Members()[of.Gossip.String()].Status
}

// Has reports whether the daemon lists another one as alive or, as a busy machine makes happen for
// a moment, as suspected. It, and not that it is alive, is what must hold all the time.
func (d *Daemon) Has(of *Daemon) bool {
	d.t.Helper()
	return present(d.Status(of))
}

// Lists is Has of exactly these members.
func (d *Daemon) Lists(members ...*Daemon) bool {
	d.t.Helper()
	statuses := d.Statuses()
	for _, m := range members {
		if !present(statuses[m.Gossip.String()]) {
			return false
		}
	}
	return len(statuses) == len(members)
}

// present reports whether a member of the status takes part.
func present(status string) bool { return status == "ALIVE" || status == "SUSPECTED" }

// Sees reports whether the daemon lists exactly these members, all alive. One look at it proves nothing: poll it.
func (d *Daemon) Sees(members ...*Daemon) bool {
	d.t.Helper()
	statuses := d.Statuses()
	for _, m := range members {
		if statuses[m.Gossip.String()] != "ALIVE" {
			return false
		}
	}
	return len(statuses) == len(members)
}

// Cluster starts n daemons that join through the first, and waits until all see
// all.
func Cluster(t testing.TB, dir string, n int, args ...string) []*Daemon {
	t.Helper()
	all := []*Daemon{StartDaemon(t, dir, nil, args...)}
	for range n - 1 {
		all = append(all, StartDaemon(t, dir, nil, append([]string{"--join", all[0].Gossip.String()}, args...)...))
	}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	return all
}

// Meanwhile polls until done holds, and fails as soon as ok does not. It is for what
// must not happen: done says how much must have gone on without it.
func Meanwhile(t testing.TB, what string, ok, done func() bool) {
	t.Helper()
	Eventually(t, "enough of the time in which "+what, func() bool {
		if !ok() {
			t.Fatalf("not so: %s", what)
		}
		return done()
	})
}

// Eventually polls until ok holds.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Timeout); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", Timeout, what)
		}
	}
}
