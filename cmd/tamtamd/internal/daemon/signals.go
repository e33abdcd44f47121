// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/oklog/run"
)

// endings are the signals that end the daemon: the first gracefully, another one at once. None is
// lost from the moment on that they are caught, which is before the service manager learns that
// the daemon is ready: it may stop it right then.
type endings chan os.Signal

func catchEndings() endings {
	c := make(endings, 2)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	return c
}

// actor returns an actor that ends with run.ErrSignal at the first signal.
func (c endings) actor(ctx context.Context) (execute func() error, interrupt func(error)) {
	ctx, cancel := context.WithCancel(ctx)
	return func() error {
			select {
			case s := <-c:
				return &run.SignalError{Signal: s}
			case <-ctx.Done():
				return ctx.Err()
			}
		}, func(error) {
			cancel()
		}
}

// exitOnNext ends the process at once when another signal comes during a shutdown.
func (c endings) exitOnNext() {
	go func() {
		<-c
		os.Exit(exitFailed)
	}()
}
