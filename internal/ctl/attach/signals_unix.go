// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package attach

import (
	"os"
	"os/signal"
	"slices"
	"syscall"
)

// passed returns the signals that CMD gets, without those that are ignored, such as SIGHUP below
// nohup(1): CMD must ignore them, too. SIGINT and SIGTERM reach it when it is drained.
func passed() []os.Signal {
	return slices.DeleteFunc([]os.Signal{
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
	}, signal.Ignored)
}

// resume has a process go on that is stopped.
func resume(p *os.Process) { _ = p.Signal(syscall.SIGCONT) }
