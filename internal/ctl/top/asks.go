// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/ctl/client"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// judgeEvery is the time between two inspections of the cluster, and judgeLeast the least
	// one after a change: the daemon asks all members for it.
	judgeEvery, judgeLeast = 10 * time.Second, 2 * time.Second
	// minutesEvery is the time between two questions for the rates of the last minutes.
	minutesEvery = 5 * time.Second
	// maxWanted bounds the histories that wait to be asked for. Those over it have no strip
	// until they change.
	maxWanted = 1024
	// maxInspection is the largest inspection, in bytes.
	maxInspection = 16 << 20
)

// startAsks asks for inspections, histories and rates, until ctx is done. The samples show whether
// the daemon is there, and what is not known is left out. Only if the daemon refuses to inspect,
// as an earlier version does, that is shown: a view without problems must not look as if there were
// none. A token that may only read may ask for all of this, and sees the same as any other.
func (f *feed) startAsks(ctx context.Context) {
	f.start(ctx, func() error { return f.keepAsking(ctx, f.inspect) })
	f.start(ctx, func() error { return f.keepAsking(ctx, f.past) })
	f.start(ctx, func() error { return f.keepAsking(ctx, f.askLinks) })
	f.start(ctx, func() error { return f.keepAsking(ctx, f.askMinutes) })
}

// keepAsking runs ask over one connection as long as it works.
func (f *feed) keepAsking(ctx context.Context, ask func(context.Context, *client.Conn) error) error {
	for ctx.Err() == nil {
		_ = f.client.Quiet().Dial(func(c *client.Conn) error { return ask(ctx, c) })
		select {
		case <-time.After(judgeLeast):
		case <-ctx.Done():
		}
	}
	return nil
}

func (f *feed) inspect(ctx context.Context, c *client.Conn) error {
	for {
		within, cancel := context.WithTimeout(ctx, f.client.Flags.Timeout)
		r, err := c.Inspect(within, &tamtamv1.InspectRequest{}, grpc.MaxCallRecvMsgSize(maxInspection))
		cancel()
		if err != nil && client.Retryable(err) {
			return err
		}
		select {
		case f.inspections <- inspection{r, err}:
		case <-ctx.Done():
			return nil
		}
		least, whole := time.NewTimer(judgeLeast), time.NewTimer(judgeEvery)
		select {
		case <-whole.C:
		case <-f.judge:
			select {
			case <-least.C:
			case <-ctx.Done():
			}
		case <-ctx.Done():
		}
		least.Stop()
		whole.Stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// past asks for the histories that are wanted, one at a time. Of a member that nobody knows any
// more there is none.
func (f *feed) past(ctx context.Context, c *client.Conn) error {
	for {
		select {
		case address := <-f.wanted:
			within, cancel := context.WithTimeout(ctx, f.client.Flags.Timeout)
			r, err := c.GetMemberHistory(within, &tamtamv1.GetMemberHistoryRequest{Member: address})
			cancel()
			if err != nil && client.Retryable(err) {
				f.want(address)
				return err
			}
			for _, h := range r.GetHistories() {
				select {
				case f.histories <- h:
				case <-ctx.Done():
					return nil
				}
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// want asks for the history of a member.
func (f *feed) want(address string) {
	select {
	case f.wanted <- address:
	default:
	}
}

// askLinks asks for the links whenever the matrix must be shown. The daemon asks the members at
// most every 10 s.
func (f *feed) askLinks(ctx context.Context, c *client.Conn) error {
	for {
		select {
		case <-f.matrix:
		case <-ctx.Done():
			return nil
		}
		within, cancel := context.WithTimeout(ctx, f.client.Flags.Timeout)
		r, err := c.GetLinks(within, &tamtamv1.GetLinksRequest{})
		cancel()
		if err != nil {
			return err
		}
		select {
		case f.links <- r:
		case <-ctx.Done():
			return nil
		}
	}
}

// askMinutes asks for the rates of the last minutes, so often that the one under way is seen to
// grow.
func (f *feed) askMinutes(ctx context.Context, c *client.Conn) error {
	for {
		within, cancel := context.WithTimeout(ctx, f.client.Flags.Timeout)
		r, err := c.GetCounters(within, &tamtamv1.GetCountersRequest{History: true})
		cancel()
		if err != nil {
			return err
		}
		select {
		case f.minutes <- r.GetHistory():
		case <-ctx.Done():
			return nil
		}
		select {
		case <-time.After(minutesEvery):
		case <-ctx.Done():
			return nil
		}
	}
}

// showLinks asks for the links.
func (f *feed) showLinks() {
	select {
	case f.matrix <- struct{}{}:
	default: // it was asked already
	}
}

// judgeSoon asks for an inspection before the time.
func (f *feed) judgeSoon() {
	select {
	case f.judge <- struct{}{}:
	default: // one was asked for already
	}
}
