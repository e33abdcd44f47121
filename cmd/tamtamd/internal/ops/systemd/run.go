// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package systemd

import (
	"context"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
)

// statusEvery is the time between two reads of the status line. It is sent if it differs.
const statusEvery = 5 * time.Second

// Config has what Run reports. All fields are required.
type Config struct {
	State  *lifecycle.State
	Live   func() error  // nil if all event loops respond
	Status func() string // one line for a person
}

// Run reports to the manager until ctx is done: READY=1 once the API answers, the status
// line, WATCHDOG=1 at half the watchdog's time while the daemon is live, and STOPPING=1 at
// the end. READY=1 does not wait for seeds: they may take any time, and a manager gives up
// on a service that is not ready soon.
func (n *Notifier) Run(ctx context.Context, cfg Config) {
	if n == nil {
		<-ctx.Done()
		return
	}
	changed := make(chan struct{}, 1)
	cfg.State.OnChange(func(lifecycle.Phase) {
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	look := time.NewTicker(statusEvery)
	defer look.Stop()
	var bark <-chan time.Time
	if n.Watched() {
		t := time.NewTicker(n.Watchdog / 2)
		defer t.Stop()
		bark = t.C
	}
	ready, reported := false, ""
	for {
		phase, _ := cfg.State.Phase()
		text := cfg.Status()
		switch {
		case phase == lifecycle.Leaving: // when ctx is done
		case !ready && phase.Serves():
			ready, reported = true, text
			n.send("READY=1", status(text))
		case text != reported:
			reported = text
			n.send(status(text))
		}
		select {
		case <-changed:
		case <-look.C:
		case <-bark:
			if cfg.Live() == nil {
				n.send("WATCHDOG=1")
			}
		case <-ctx.Done():
			n.send("STOPPING=1", status("leaving"))
			return
		}
	}
}
