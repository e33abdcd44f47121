// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Tamtamctl asks a tamtamd about its cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
)

func main() {
	// A closed pipe is then an error of a write, and no death by signal. Ignored, the
	// signal would be so in the commands of watch --exec, too, as in no shell.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), hook.EndSignals()...)
	context.AfterFunc(ctx, stop) // a second signal ends the program as if untreated
	code := ctl.Run(ctx, os.Args[1:], ctl.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
