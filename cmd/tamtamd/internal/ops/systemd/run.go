// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package systemd

import (
	"context"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
)

// statusEvery is how often the status line is looked at; it is sent when it differs.
const statusEvery = 5 * time.Second

// Config says what the manager is told. All fields are required.
type Config struct {
	State  *lifecycle.State
	Live   func() error  // nil when the daemon goes round
	Status func() string // one line for a person
}

// Run tells the manager what it is to know, until ctx is done: READY=1 once the API
// answers, whether seeds have been found or not, since a manager gives up on a service
// that takes long to be ready, and seeds may take as long as they like; a status line;
// a sign of life at half the watchdog's time, while the daemon is live; and STOPPING=1
// at the end.
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
	ready, told := false, ""
	for {
		phase, _ := cfg.State.Phase()
		text := cfg.Status()
		switch {
		case phase == lifecycle.Leaving: // when ctx is done
		case !ready && phase.Serves():
			ready, told = true, text
			n.send("READY=1", status(text))
		case text != told:
			told = text
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
			n.send("STOPPING=1", status("saying goodbye"))
			return
		}
	}
}
