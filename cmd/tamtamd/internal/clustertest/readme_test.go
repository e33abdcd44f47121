// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReadmeTable pastes the commands of the table "What you use" of the README into a shell, beside a
// cluster. The daemon has other ports here than the table's.
func TestReadmeTable(t *testing.T) {
	bash := tool(t, "bash")
	text, err := os.ReadFile(root + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	d := Cluster(t, bin, 2, "--http", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--name", "web-1")
	_, dnsPort, _ := strings.Cut(d[0].dns(), ":")
	port := fmt.Sprint(freePorts(t, 1))
	here := strings.NewReplacer("localhost:6262", d[0].RPC, "localhost:6263", d[0].HTTP(), "-p 8653 @localhost", "-p "+dnsPort+" @127.0.0.1",
		"docs:8000", "docs:"+port, "http.server 8000", "http.server "+port, "ExecStartPre=", "", " python3 ", " \"$PYTHON\" ")

	// What each prints, by what it begins with.
	prints := map[string]string{
		"go run": " MEMBER_STATUS_ALIVE", "PYTHONPATH": "web-1", "grpcurl": "web-1", "tamtamctl wait": "web-1",
		"curl -s 'localhost:6263/v1/members": `"web-1"`, "curl -s 'localhost:6263/v1/sd": "127.0.0.1:9100", "dig": "127.0.0.1", "ExecStartPre": "",
		"tamtamctl attach": "Serving HTTP", "tamtamctl tags": "server web-1_127.0.0.1_8080 127.0.0.1:8080",
	}
	untried := map[string]string{"docker": "internal/shiptest runs the image"}
	_, table, _ := strings.Cut(string(text), "## What you use\n")
	table, _, _ = strings.Cut(table, "\n## ")
	tried := map[string]bool{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00"), "|")
		if len(cells) != 5 || strings.HasPrefix(line, "| you have") || strings.HasPrefix(line, "| ---") {
			continue
		}
		command := strings.Trim(strings.ReplaceAll(strings.TrimSpace(cells[3]), "\x00", "|"), "`")
		name := strings.TrimSpace(cells[1])
		t.Run(name, func(t *testing.T) {
			for begin, why := range untried {
				if strings.HasPrefix(command, begin) {
					tried[begin] = true
					t.Skipf("not tried: %s", why)
				}
			}
			var want string
			known := false
			for begin, text := range prints {
				if strings.HasPrefix(command, begin) {
					want, known, tried[begin] = text, true, true
				}
			}
			if !known {
				t.Fatalf("this test does not know what it prints: %s", command)
			}
			env := []string{"TAMTAM_RPC=" + d[0].RPC, "PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"}
			switch program, _, _ := strings.Cut(command, " "); {
			case strings.HasPrefix(command, "PYTHONPATH"), strings.Contains(command, " python3 "):
				env = append(env, "PYTHON="+python(t))
			case program == "grpcurl", program == "curl", program == "dig":
				env[1] = "PATH=" + filepath.Dir(tool(t, program)) + string(filepath.ListSeparator) + env[1][len("PATH="):]
			case program == "go":
				env = append(env, "HOME="+os.Getenv("HOME")) // of its cache
			}
			paste(t, bash, here.Replace(command), want, env)
		})
	}
	for _, all := range []map[string]string{prints, untried} {
		for begin := range all {
			if !tried[begin] {
				t.Errorf("the table has no command that begins with %q", begin)
			}
		}
	}
}

// paste runs a command in a shell until it prints a text, or, if that is empty, ends with success. Its own time-outs
// may be too short for a slow machine, so it has several attempts.
func paste(t *testing.T, bash, command, want string, env []string) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(2 * Timeout); time.Now().Before(deadline); { // one of them compiles
		ctx, stop := context.WithDeadline(t.Context(), deadline)
		if last = attempt(t, stop, exec.CommandContext(ctx, bash, "-c", command), want, env); last == "" {
			return
		}
	}
	t.Errorf("%s: %s, want %q", command, last, want)
}

// attempt runs a command once. It returns what was wrong, and stops a command that does not end by itself.
func attempt(t *testing.T, stop func(), cmd *exec.Cmd, want string, env []string) string {
	t.Helper()
	defer stop()
	out, errs := &lines{}, &lines{}
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = root, environ(t.TempDir(), env), out, errs
	// The program that "go run" has started would go on without it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = Timeout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil || !strings.Contains(out.String(), want) {
				return fmt.Sprintf("%v, printed %q and %q", err, out.String(), errs.String())
			}
			return ""
		case <-time.After(20 * time.Millisecond):
			if want != "" && strings.Contains(out.String(), want) {
				stop()
				<-ended
				return ""
			}
		}
	}
}
