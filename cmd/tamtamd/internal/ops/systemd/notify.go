// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package systemd reports the daemon's state to the service manager, by the protocol of
// sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names. Without that variable it
// reports nothing.
//
// The protocol is a line or two of text, so a library would cost more than it saves: the
// one of CoreOS has D-Bus in its module, and blocks for as long as the manager does not
// read.
package systemd

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// writeWithin bounds the wait for a manager that does not read.
const writeWithin = time.Second

// Notifier reports to the service manager. A nil Notifier reports nothing.
type Notifier struct {
	conn *net.UnixConn
	// Watchdog is the longest time between two WATCHDOG reports; 0 if the manager wants
	// none.
	Watchdog time.Duration
}

// FromEnv returns the Notifier that the environment asks for; nil if it asks for none. It
// unsets the variables, so that no child process acts as the service.
func FromEnv() (*Notifier, error) {
	name, usec, pid := os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, v := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		_ = os.Unsetenv(v)
	}
	if name == "" {
		return nil, nil
	}
	// Package net knows that a name that begins with @ is in the abstract namespace.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("NOTIFY_SOCKET: %w", err)
	}
	n := &Notifier{conn: conn}
	if usec == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return n, nil
	}
	u, err := strconv.ParseInt(usec, 10, 64)
	if err != nil || u <= 0 || u > int64(24*time.Hour/time.Microsecond) {
		_ = conn.Close()
		return nil, fmt.Errorf("WATCHDOG_USEC %q: want microseconds, up to a day", usec)
	}
	n.Watchdog = time.Duration(u) * time.Microsecond
	return n, nil
}

// Watched reports whether the manager wants WATCHDOG reports.
func (n *Notifier) Watched() bool { return n != nil && n.Watchdog > 0 }

// Close closes the socket.
func (n *Notifier) Close() {
	if n != nil {
		_ = n.conn.Close()
	}
}

// send sends assignments. It ignores errors: a manager that watches the service restarts
// it when no reports arrive.
func (n *Notifier) send(assignments ...string) {
	if n == nil {
		return
	}
	_ = n.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	_, _ = n.conn.Write([]byte(strings.Join(assignments, "\n")))
}

// status makes a STATUS assignment. A line break would begin another one.
func status(text string) string {
	return "STATUS=" + strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
}

// Reloading reports that the configuration is being read again. Reloaded must follow.
func (n *Notifier) Reloading() {
	if n == nil {
		return
	}
	usec := monotonic()
	if usec == 0 {
		n.send("RELOADING=1")
		return
	}
	n.send("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", usec))
}

// Reloaded reports the end of a reload, and its outcome as a line of text.
func (n *Notifier) Reloaded(text string) { n.send("READY=1", status(text)) }
