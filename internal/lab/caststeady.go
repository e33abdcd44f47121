// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
	"time"
)

// steadily makes one node, or all, send for a while on a network that loses packets.
func steadily(all bool, rate, lossPercent int) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		c, err := newCast(ctx, t)
		if err != nil {
			return err
		}
		rest, err := c.restTraffic(ctx, lossPercent)
		if err != nil {
			return err
		}
		before, began := c.traffic(), time.Now()
		origins := []int{1}
		if all {
			origins = origins[:0]
			for i := range t.n {
				origins = append(origins, i)
			}
		}
		var wg sync.WaitGroup
		for _, i := range origins {
			wg.Go(func() { c.steady(ctx, stream{origin: i}, rate, t.opt.cast) })
		}
		wg.Wait()
		c.add("sending took", "s", time.Since(began).Seconds())
		if err := c.finish(ctx); err != nil {
			return err
		}
		c.report("", allStreams)
		c.reportBytes(c.traffic()-before, rest*time.Since(began).Seconds())
		return nil
	}
}

// report records the deliveries of some streams.
func (c *cast) report(of string, choose func(stream) bool) castTally {
	t := c.ledger.tally(choose)
	c.add(of+"messages taken by the system", "", float64(t.sent))
	if t.refused > 0 {
		c.add(of+"refused", "", float64(t.refused))
	}
	c.add(of+"delivered, of messages × (N−1) others", "%", percent(t.delivered, t.due))
	if t.delivered < t.due {
		c.add(of+"not delivered", "", float64(t.due-t.delivered))
	}
	if t.own < t.ownDue {
		c.add(of+"to its own reader", "%", percent(t.own, t.ownDue))
	}
	c.add(of+"delivered twice", "", float64(t.double))
	c.add(of+"out of order", "", float64(t.disorder))
	for _, optional := range []struct {
		name  string
		count int
	}{{"told as gaps", t.gaps}, {"readers cut off", t.broken}, {"refused but delivered", t.unasked}} {
		if optional.count > 0 {
			c.add(of+optional.name, "", float64(optional.count))
		}
	}
	if len(t.latency) > 0 {
		c.add(of+"latency, median", "ms", percentile(t.latency, 50))
		c.add(of+"latency, p99", "ms", percentile(t.latency, 99))
		c.add(of+"latency, greatest", "ms", percentile(t.latency, 100))
	}
	return t
}

// reportBytes records the bytes sent for each delivery to another node.
func (c *cast) reportBytes(sent, rest float64) {
	if t := c.ledger.tally(allStreams); t.delivered > 0 {
		c.add("sent per delivery, IP", "B", sent/float64(t.delivered))
		c.add("the same less what is sent at rest", "B", max(0, sent-rest)/float64(t.delivered))
	}
}
