// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
	"time"
)

const (
	// castSize is the size of a payload; Serf's events take less than 512 bytes.
	castSize = 200
	// castLook is the time between two checks whether all messages have arrived.
	castLook = 20 * time.Millisecond
	// castTail is how long a trial waits for duplicates after all messages have arrived.
	castTail = time.Second
)

// cast is a trial's broadcasting.
type cast struct {
	*trial
	ledger *ledger

	mu    sync.Mutex
	close []context.CancelFunc // by node; ends its reader
}

// newCast starts a cluster in which each node has a reader. The readers end with the
// context.
func newCast(ctx context.Context, t *trial) (*cast, error) {
	if err := t.fresh(ctx); err != nil {
		return nil, err
	}
	c := &cast{trial: t, ledger: newLedger(t.n), close: make([]context.CancelFunc, t.n)}
	return c, c.openAll(ctx)
}

func (c *cast) openAll(ctx context.Context) error {
	for i := range c.n {
		if err := c.open(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// open opens the reader of node i.
func (c *cast) open(ctx context.Context, i int) error {
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	if c.close[i] != nil {
		c.close[i]()
	}
	c.close[i] = cancel
	c.mu.Unlock()
	return c.listen(ctx, i, reader{
		message: func(payload []byte, at time.Duration) {
			if s, ok := parseStamp(payload); ok && s.origin < c.n {
				c.ledger.received(i, s, at)
			}
		},
		gap: func(messages int) { c.ledger.gap(i, messages) },
		ended: func(err error) {
			if ctx.Err() == nil { // and not because the trial has ended
				c.ledger.broke()
				c.say("the reader of node %d ended: %v", i, err)
			}
		},
	})
}

// end kills node i. Its reader ends as well.
func (c *cast) end(i int) {
	c.mu.Lock()
	c.close[i]()
	c.mu.Unlock()
	c.kill(i)
}

// renew starts node i again, joins it, and opens its reader.
func (c *cast) renew(ctx context.Context, i int) error {
	if err := c.startNode(ctx, i); err != nil {
		return err
	}
	if err := c.open(ctx, i); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.opt.limit)
	defer cancel()
	return poll(ctx, 20*time.Millisecond, func() error { return c.join(ctx, i, 0) })
}

// one sends one message, and reports whether the system accepted it.
func (c *cast) one(ctx context.Context, s stream, sequence int) bool {
	ctx, cancel := context.WithTimeout(ctx, c.opt.straggle)
	defer cancel()
	m := stamp{s, sequence, time.Since(labBegan)}
	err := c.broadcast(ctx, s.origin, m.payload(castSize))
	c.ledger.sent(m, err == nil)
	return err == nil
}

// steady sends so many messages a second for a time. When the system holds the sender
// up, those that are late follow at once, for as long again as -straggle says.
func (c *cast) steady(ctx context.Context, s stream, rate int, last time.Duration) {
	every := time.Second / time.Duration(rate)
	began := time.Now()
	over := began.Add(last + c.opt.straggle)
	for k := range int(last / every) {
		// The senders do not start at the same instant.
		at := began.Add(time.Duration(k)*every + every*time.Duration(s.origin)/time.Duration(c.n))
		if c.pass(ctx, time.Until(at)) != nil || time.Now().After(over) {
			return
		}
		c.one(ctx, s, k+1)
	}
}

// finish waits until all have what was sent so far, or as long as -straggle says.
func (c *cast) finish(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, c.opt.straggle)
	defer cancel()
	since, now := time.Now(), time.Since(labBegan)
	if c.await(limited, now) {
		c.add("all have all, after the last was sent", "s", time.Since(since).Seconds())
	} else if f := c.figures.get(c.scenario, "all have all, after the last was sent", c.name(), "s"); ctx.Err() == nil {
		f.Beyond++
		f.Limit = c.opt.straggle.Seconds()
	}
	return c.pass(ctx, castTail)
}

// await waits until all have the messages sent before a time, and reports whether they do.
func (c *cast) await(ctx context.Context, before time.Duration) bool {
	for !c.ledger.settled(before) {
		if c.pass(ctx, castLook) != nil {
			return false
		}
	}
	return true
}
