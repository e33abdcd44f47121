// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"time"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/dial"
)

// Follow follows the members that match a filter, all if it is nil, over restarts of the daemon
// if again allows it, until ctx is done. With patient, a daemon may also be missing at the start. Each stream must begin
// within --timeout. hold is that of tamtam.WatchOptions, but 0 removes at once. Errors, also those in
// events, are those of package dial, which name flags.
func (c Client) Follow(ctx context.Context, filter *tamtam.Filter, patient bool, hold time.Duration, again func(err error, slow bool) bool, each func(tamtam.Event) error) error {
	given := c.Config()
	given.Complete, given.Lazy = true, true
	watcher, err := tamtam.Dial(ctx, func(c *dial.Config) { *c = given })
	if err != nil {
		return unwrap(err)
	}
	defer watcher.Close()
	if hold == 0 {
		hold = -1
	}
	for e, err := range watcher.Watch(ctx, tamtam.WatchOptions{
		Filter: filter, Hold: hold, FailFast: !patient,
		Retry: func(err error, slow bool) bool { return again(unwrap(err), slow) },
	}) {
		if err != nil {
			return unwrap(err)
		}
		e.Err = unwrap(e.Err)
		if err := each(e); err != nil {
			return err
		}
	}
	return nil
}

// unwrap returns what an error of package tamtam was made from.
func unwrap(err error) error {
	var e *tamtam.Error
	if errors.As(err, &e) {
		return e.Unwrap()
	}
	return err
}

// OverRestarts is the again of Follow that continues after all errors that may pass.
func OverRestarts(err error, _ bool) bool { return Retryable(err) }

// WhileUp is the again of Follow that continues only if this reader was too slow for a daemon
// that is there.
func WhileUp(_ error, slow bool) bool { return slow }
