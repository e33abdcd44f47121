// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package hook

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestARealRun: what a command reads and prints, and how its end is reported.
func TestARealRun(t *testing.T) {
	for name, c := range map[string]struct {
		command, out, warned string
	}{
		"reads":      {"cat; echo $BASE $N", "0\n1 0\n", ""},
		"does not":   {"echo $TAMTAM_CHANGES", "1\n", ""},
		"fails":      {"exit 7", "", "exit code 7"},
		"by signal":  {"kill -9 $$", "", "signal: killed"},
		"no command": {"/nonexistent/command 2>/dev/null", "", "exit code 127"},
		// A broken pipe ends a program, as in a shell.
		"pipe": {"yes | head -n 1", "y\n", ""},
		// What is data stays data.
		"data": {`printf %s "$EVIL"`, "$(touch /tmp/x); `id`", ""},
	} {
		var out bytes.Buffer
		var warned []string
		r, err := New(Config{Noun: "change", Command: c.command, Timeout: time.Minute, Out: &out, Err: os.Stderr,
			Env: append(os.Environ(), "BASE=1", "EVIL=$(touch /tmp/x); `id`"), Warn: func(s string) { warned = append(warned, s) }})
		if err != nil {
			t.Fatal(err)
		}
		r.run(context.Background(), []Change{numbered(0)}, 0)
		if got := strings.Join(warned, " "); out.String() != c.out || !strings.Contains(got, c.warned) || c.warned == "" && got != "" {
			t.Errorf("%s: printed %q, want %q; warned %q, want %q", name, out.String(), c.out, got, c.warned)
		}
	}
}

// TestTheGroupIsEnded: a child's child is dead at the timeout, even when its parent is
// and when it does not heed a signal that asks.
func TestTheGroupIsEnded(t *testing.T) {
	for name, command := range map[string]string{
		"heeds":    `sh -c 'echo $$ > "$FILE.new"; mv "$FILE.new" "$FILE"; while :; do sleep 0.1; done' & wait`,
		"does not": `sh -c 'trap "" TERM; echo $$ > "$FILE.new"; mv "$FILE.new" "$FILE"; while :; do sleep 0.1; done' & wait`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "pid")
			r, err := New(Config{Noun: "change", Command: command, Timeout: time.Hour, Env: append(os.Environ(), "FILE="+file), Warn: func(string) {}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			pid := make(chan int, 1)
			go func() {
				defer cancel()
				for range 3000 {
					if b, err := os.ReadFile(file); err == nil {
						n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
						pid <- n
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
				pid <- 0
			}()
			r.run(ctx, []Change{numbered(0)}, 0)
			n := <-pid
			if n == 0 {
				t.Fatal("the child's child has not begun")
			}
			// Nobody may have waited for it yet, but it runs no more.
			for range 3000 {
				if dead(n) {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
			t.Errorf("process %d is alive", n)
		})
	}
}

// dead reports whether a process has ended, waited for or not.
func dead(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(after, "Z")
}
