// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"bytes"
	"context"
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
	here := strings.NewReplacer("localhost:6262", d[0].RPC, "localhost:6263", d[0].HTTP(), "-p 8653 @localhost", "-p "+dnsPort+" @127.0.0.1",
		"--alive 1", "--alive 2", "ExecStartPre=", "", " python3 ", " \"$PYTHON\" ")

	// What each prints, by what it begins with.
	prints := map[string]string{
		"go run": " MEMBER_STATUS_ALIVE", "PYTHONPATH": "web-1", "grpcurl": "web-1", "tamtamctl wait": "web-1",
		"curl -s 'localhost:6263/v1/members": `"web-1"`, "curl -s 'localhost:6263/v1/sd": "127.0.0.1:9100", "dig": "127.0.0.1", "ExecStartPre": "",
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
			env := []string{"TAMTAM_RPC=" + d[0].RPC, "PATH=" + bin + string(filepath.ListSeparator) + os.Getenv("PATH"), "PYTHONDONTWRITEBYTECODE=1"}
			switch program, _, _ := strings.Cut(command, " "); {
			case strings.HasPrefix(command, "PYTHONPATH"):
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

// paste runs a command in a shell until it prints a text, or, if that is empty, ends with success.
func paste(t *testing.T, bash, command, want string, env []string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*Timeout) // one of them compiles
	defer stop()
	var errors bytes.Buffer
	out := &lines{}
	cmd := exec.CommandContext(ctx, bash, "-c", command)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = root, environ(t.TempDir(), env), out, &errors
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
				t.Errorf("%s: %v, printed %q and %q, want %q", command, err, out.String(), errors.String(), want)
			}
			return
		case <-time.After(20 * time.Millisecond):
			if want != "" && strings.Contains(out.String(), want) {
				stop() // it may be one that does not end by itself
				<-ended
				return
			}
		}
	}
}
