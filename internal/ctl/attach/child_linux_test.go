// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/testpty"
)

// exits waits for the end of CMD.
func exits(t *testing.T, c *child, want int) {
	t.Helper()
	select {
	case code := <-c.ended:
		if code != want {
			t.Errorf("exit status %d, want %d", code, want)
		}
	case <-time.After(time.Minute):
		t.Fatal("the command does not end")
	}
}

func started(t *testing.T, in io.Reader, command ...string) *child {
	t.Helper()
	c, err := startChild(command, in, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.process.Kill() }) // it may have ended
	return c
}

// TestChildWithoutTerminal: a command that reads a terminal is at the end of its input.
func TestChildWithoutTerminal(t *testing.T) {
	exits(t, started(t, testpty.Open(t).Slave, "cat"), 0)
	exits(t, started(t, strings.NewReader("yes\n"), "grep", "-q", "yes"), 0)
}

// TestChildStopped: a signal to end ends a command that is stopped, too.
func TestChildStopped(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if signal.Ignored(s) {
			t.Logf("%v is ignored here, and so by the command", s)
			continue
		}
		c := started(t, nil, "sh", "-c", "kill -STOP $$; exec sleep 3600")
		for began := time.Now(); ; time.Sleep(time.Millisecond) {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.process.Pid))
			if err == nil && strings.Contains(string(stat), ") T ") {
				break
			}
			if time.Since(began) > time.Minute {
				t.Fatalf("it does not stop: %s, %v", stat, err)
			}
		}
		c.signal(s)
		exits(t, c, 128+int(s))
	}
}

// TestPassed: a signal that is ignored stays so.
func TestPassed(t *testing.T) {
	if !slices.Contains(passed(), os.Signal(syscall.SIGUSR2)) {
		t.Error("SIGUSR2 is not passed on")
	}
	signal.Ignore(syscall.SIGUSR2)
	defer signal.Reset(syscall.SIGUSR2)
	if slices.Contains(passed(), os.Signal(syscall.SIGUSR2)) {
		t.Error("SIGUSR2 is passed on, and was ignored")
	}
}
