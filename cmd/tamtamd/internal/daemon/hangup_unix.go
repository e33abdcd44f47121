// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package daemon

import (
	"os"
	"os/signal"
	"syscall"
)

// catchHangups returns where SIGHUP comes, which no longer ends the process, and what
// undoes that. One that comes while another waits adds nothing to it.
func catchHangups() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
