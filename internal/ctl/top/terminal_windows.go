// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// resizePoll is how often the size is read: the console reports a new one only as an event,
// which is not among the bytes that are read.
const resizePoll = 250 * time.Millisecond

// capable reports whether the console understands escape sequences, as it does since Windows 10.
// TERM is seldom set there.
func capable(kind string, out *os.File) bool {
	var mode uint32
	h := windows.Handle(out.Fd())
	if kind == "dumb" || windows.GetConsoleMode(h, &mode) != nil {
		return false
	}
	ok := windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
	_ = windows.SetConsoleMode(h, mode)
	return ok
}

// prepare switches escape sequences on.
func prepare(out *os.File) (undo func()) {
	var mode uint32
	h := windows.Handle(out.Fd())
	if windows.GetConsoleMode(h, &mode) != nil {
		return func() {}
	}
	_ = windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	return func() { _ = windows.SetConsoleMode(h, mode) }
}

// terminalChanges sends false at intervals, as the console may have another size.
func terminalChanges() (changes <-chan bool, stop func()) {
	tick, out, done := time.NewTicker(resizePoll), make(chan bool), make(chan struct{})
	go func() {
		for {
			select {
			case <-tick.C:
				select {
				case out <- false:
				case <-done:
					return
				}
			case <-done:
				return
			}
		}
	}()
	return out, func() {
		tick.Stop()
		close(done)
	}
}

// suspend does nothing on Windows.
func suspend() {}
