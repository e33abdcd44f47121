// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Tamtam-template writes configuration files of other programs from the members of the cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/eelcocramer/tamtam/internal/templating"
)

func main() {
	// A closed pipe is then an error of a write, and no death by signal. Ignored, the signal would be so
	// in --check and --reload, too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program as if it were not caught
	code := templating.Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
