// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package timerslack

import (
	"os"
	"os/exec"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// usual is the slack of a process for which nobody has chosen one.
	usual = 50 * time.Microsecond
	// raised is in the environment of the program that Raise starts, so that it starts it once.
	raised = "_TIMERSLACK_RAISED"
)

// Raise raises the timer slack of the process to Slack, unless somebody has chosen one, as
// TimerSlackNSec in a unit of systemd does. A thread inherits it from the one that starts it, and
// sysmon runs before main does. So Raise replaces the process by the same program with the same
// arguments, which keeps its number and its open files. It must be called first in main. Where that
// is not possible, it does nothing.
func Raise() {
	if os.Getenv(raised) != "" {
		_ = os.Unsetenv(raised)
		return
	}
	runtime.LockOSThread() // the slack is the thread's
	defer runtime.UnlockOSThread()
	if now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || now != int(usual) {
		return
	}
	path, ok := executable()
	if !ok || unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(Slack), 0, 0, 0) != nil {
		return
	}
	_ = unix.Exec(path, os.Args, append(os.Environ(), raised+"=1"))
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(usual), 0, 0, 0) // it failed
}

// executable returns the path of this program, by the name that it was started with. It returns false if that is another
// file now, since it was replaced, or if a loader was started, with the program as its argument.
func executable() (path string, ok bool) {
	path, err := exec.LookPath(os.Args[0])
	if err != nil {
		return "", false
	}
	named, err := os.Stat(path)
	if err != nil {
		return "", false
	}
	running, err := os.Stat("/proc/self/exe")
	return path, err == nil && os.SameFile(named, running)
}
