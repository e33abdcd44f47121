// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package hangup

import (
	"os"
	"os/signal"
	"syscall"
)

// Catch returns a channel of SIGHUPs, which no longer end the process, and a function that undoes
// that.
func Catch() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
