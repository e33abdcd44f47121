// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package timerslack lets the kernel fire the timers of this process up to a millisecond late, on
// Linux.
//
// While a Go program does anything, the runtime's own thread sysmon sleeps for 20 µs at a time, and
// most of the daemon's work is to wake up for some packets. With the usual slack of 50 µs, up to
// half of the processor time of a busy daemon was that of sysmon. The protocol has no timer for
// which a millisecond matters.
package timerslack

import "time"

// Slack is how late timers may be.
const Slack = time.Millisecond
