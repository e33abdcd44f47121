// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package systemd tells the service manager how the daemon fares, by the protocol of
// sd_notify(3): one datagram to the socket that NOTIFY_SOCKET names. Without that
// variable nothing is told.
//
// The protocol is a line or two of text, and what a library would take off our hands is
// less than what it brings along: that of CoreOS has D-Bus in its module, and waits for as
// long as a manager that does not read lets it.
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

// Notifier tells the service manager. A nil Notifier tells nobody.
type Notifier struct {
	conn *net.UnixConn
	// Watchdog is within which time the manager wants to hear from the daemon, again
	// and again; 0 when it does not.
	Watchdog time.Duration
}

// FromEnv returns the Notifier that the environment asks for; nil when it asks for none.
// The variables are unset, so that no child takes itself for the service.
func FromEnv() (*Notifier, error) {
	name, usec, pid := os.Getenv("NOTIFY_SOCKET"), os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID")
	for _, v := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		_ = os.Unsetenv(v)
	}
	if name == "" {
		return nil, nil
	}
	// A name that begins with @ is in the abstract namespace; package net knows.
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

// Watched tells whether the manager wants signs of life.
func (n *Notifier) Watched() bool { return n != nil && n.Watchdog > 0 }

// Close closes the socket.
func (n *Notifier) Close() {
	if n != nil {
		_ = n.conn.Close()
	}
}

// send sends assignments. What the manager does not take is lost: it restarts a
// service from which it hears nothing, if it cares.
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

// Reloading tells that the configuration is being read again. Reloaded has to follow.
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

// Reloaded tells that it was, and what came of it.
func (n *Notifier) Reloaded(text string) { n.send("READY=1", status(text)) }
