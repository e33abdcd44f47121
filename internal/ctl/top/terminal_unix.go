// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package top

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// capable reports whether a terminal of this kind can be drawn on.
func capable(kind string, _ *os.File) bool { return kind != "" && kind != "dumb" }

// prepare has nothing to do here.
func prepare(*os.File) (undo func()) { return func() {} }

// terminalChanges sends false when the terminal has another size, and true when the program
// continues after it was stopped.
func terminalChanges() (changes <-chan bool, stop func()) {
	signals, out, done := make(chan os.Signal, 1), make(chan bool), make(chan struct{})
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGCONT)
	go func() {
		for {
			select {
			case s := <-signals:
				select {
				case out <- s == syscall.SIGCONT:
				case <-done:
					return
				}
			case <-done:
				return
			}
		}
	}()
	return out, func() {
		signal.Stop(signals)
		close(done)
	}
}

// suspend stops the program, as Ctrl-Z does outside raw mode, and returns when it continues.
func suspend() {
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	defer signal.Stop(resumed)
	if syscall.Kill(0, syscall.SIGTSTP) != nil {
		return
	}
	// Without a shell that could continue it, it is not stopped.
	select {
	case <-resumed:
	case <-time.After(time.Second):
	}
}
