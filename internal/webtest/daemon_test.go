// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bin is where the programs are.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "tamtam-webtest-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		bin = dir
		build := exec.Command("go", "build", "-o", dir, "./cmd/tamtamd", "./cmd/tamtamctl", "./cmd/tamtamd/internal/serve/page/demo")
		build.Dir = filepath.Join("..", "..")
		build.Env = append(os.Environ(), "GOWORK=") // that of the workspace
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// process starts a program. It is ended with the test.
func process(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, name), args...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TAMTAM_") && !strings.HasPrefix(kv, "HOME=") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, "HOME="+t.TempDir())
	return cmd
}

// daemon is a tamtamd.
type daemon struct {
	cmd               *exec.Cmd
	Gossip, RPC, HTTP string
}

// startDaemon starts one on ports of its own, as far as args say nothing else.
func startDaemon(t *testing.T, args ...string) *daemon {
	t.Helper()
	given := " " + strings.Join(args, " ")
	for _, d := range [][2]string{{"port", "0"}, {"http", "127.0.0.1:0"}} {
		if !strings.Contains(given, " --"+d[0]+" ") {
			args = append(args, "--"+d[0], d[1])
		}
	}
	d := &daemon{cmd: process(t, "tamtamd", append(args, "--bind", "127.0.0.1", "--rpc", "127.0.0.1:0", "--heartbeat", "200ms", "--nobanner", "--log-format", "json")...)}
	out, err := d.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	ended := make(chan struct{})
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill() // it may have ended
		<-ended
		_ = d.cmd.Wait()
	})
	var printed strings.Builder
	go func() {
		defer close(ended)
		is := false
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var l struct{ Msg, Gossip, RPC, HTTP string }
			if is || json.Unmarshal(lines.Bytes(), &l) != nil {
				continue
			}
			fmt.Fprintln(&printed, lines.Text())
			if l.HTTP != "" {
				d.HTTP = l.HTTP
			}
			if l.Msg == "started" {
				d.Gossip, d.RPC, is = l.Gossip, l.RPC, true
				close(ready)
			}
		}
	}()
	select {
	case <-ready:
	case <-ended:
		t.Fatalf("tamtamd %v has ended:\n%s", args, printed.String())
	case <-time.After(timeout):
		t.Fatalf("tamtamd %v is not ready", args)
	}
	return d
}

// startDemo serves a cluster that is made up, and returns where.
func startDemo(t *testing.T, args ...string) string {
	t.Helper()
	cmd := process(t, "demo", append(args, "-http", "127.0.0.1:0")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + strings.TrimSpace(line) + "/"
}
