// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package attach

import (
	"os"
	"syscall"
)

// passed are the signals that CMD gets. SIGINT and SIGTERM reach it when it is drained.
var passed = []os.Signal{
	os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}
