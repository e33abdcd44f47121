// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package systemd

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
)

// manager is the other end of NOTIFY_SOCKET.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

// listen takes the place of the service manager.
func listen(t *testing.T, env map[string]string) *manager {
	t.Helper()
	name := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	for _, k := range []string{"WATCHDOG_USEC", "WATCHDOG_PID"} {
		t.Setenv(k, env[k])
	}
	return &manager{t, conn}
}

// next returns the next datagram.
func (m *manager) next() string {
	m.t.Helper()
	b := make([]byte, 4096)
	_ = m.conn.SetReadDeadline(time.Now().Add(time.Minute))
	n, err := m.conn.Read(b)
	if err != nil {
		m.t.Fatal(err)
	}
	return string(b[:n])
}

// until skips what is not wanted.
func (m *manager) until(want string) {
	m.t.Helper()
	for {
		if m.next() == want {
			return
		}
	}
}

func TestNobodyToTell(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	n, err := FromEnv()
	if n != nil || err != nil {
		t.Fatalf("%v, %v", n, err)
	}
	n.Reloading()
	n.Reloaded("x")
	n.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	n.Run(ctx, Config{})
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
		err       string
	}{
		{"", "", 0, ""},
		{"2000000", "", 2 * time.Second, ""},
		{"2000000", "1", 0, ""}, // another process's
		{"soon", "", 0, "soon"},
		{"-1", "", 0, "-1"},
		{"99999999999999", "", 0, "microseconds"},
	} {
		listen(t, map[string]string{"WATCHDOG_USEC": c.usec, "WATCHDOG_PID": c.pid})
		n, err := FromEnv()
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%+v: error %v", c, err)
			}
			continue
		}
		if err != nil || n.Watchdog != c.want {
			t.Errorf("%+v: %+v, %v", c, n, err)
			continue
		}
		if again, err := FromEnv(); again != nil || err != nil {
			t.Errorf("the variables are still set: %v, %v", again, err)
		}
		n.Close()
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "absent"))
	if _, err := FromEnv(); err == nil || !strings.Contains(err.Error(), "NOTIFY_SOCKET") {
		t.Errorf("a socket that does not exist: %v", err)
	}
}

// TestALife: what the manager hears from the start to the end.
func TestALife(t *testing.T) {
	m := listen(t, map[string]string{"WATCHDOG_USEC": "20000"})
	n, err := FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	state := lifecycle.New(time.Now)
	state.Advance(lifecycle.Bound)
	var text atomic.Value
	text.Store("one\nREADY=0")
	var live atomic.Bool
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		n.Run(ctx, Config{State: state, Status: func() string { return text.Load().(string) }, Live: func() error {
			if live.Load() {
				return nil
			}
			return errors.New("stuck")
		}})
		close(done)
	}()
	if got := m.next(); got != "STATUS=one READY=0" { // nothing that a name could add
		t.Errorf("before it is ready: %q", got)
	}
	state.Advance(lifecycle.Joining)
	if got := m.next(); got != "READY=1\nSTATUS=one READY=0" { // nor a sign of life: it is not
		t.Errorf("when it serves: %q", got)
	}
	text.Store("two")
	state.Advance(lifecycle.Joined)
	if got := m.next(); got != "STATUS=two" {
		t.Errorf("when it has joined: %q", got)
	}
	live.Store(true)
	for range 3 {
		if got := m.next(); got != "WATCHDOG=1" {
			t.Errorf("when it is live: %q", got)
		}
	}
	n.Reloading()
	n.Reloaded("reloaded")
	pattern := regexp.MustCompile("^RELOADING=1(\nMONOTONIC_USEC=([0-9]+))?$")
	for {
		got := m.next()
		if got == "WATCHDOG=1" {
			continue
		}
		found := pattern.FindStringSubmatch(got)
		if found == nil {
			t.Fatalf("when it reloads: %q", got)
		}
		if now := monotonic(); now > 0 {
			if at, _ := strconv.ParseInt(found[2], 10, 64); at <= 0 || at > now {
				t.Errorf("it reloads at %d, it is %d", at, now)
			}
		}
		break
	}
	m.until("READY=1\nSTATUS=reloaded")
	cancel()
	m.until("STOPPING=1\nSTATUS=leaving")
	<-done
}
