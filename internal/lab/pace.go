// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// paceOrigin is the node that broadcasts; the others do not join it.
	paceOrigin = 1
	// paceCalls is how many calls are under way at once, so that the time that one takes
	// does not bound the rate.
	paceCalls = 64
	// paceWaits is how many messages are waited for, one after the other.
	paceWaits = 20
	// paceGap is the time between two of those.
	paceGap = 100 * time.Millisecond
)

// waiting is a system that can wait until all members have a message.
type waiting interface {
	// broadcastAll sends a message from node i, and returns how many others are known to
	// have it, and how many it names that are not.
	broadcastAll(ctx context.Context, i int, payload []byte) (have, missing int, err error)
}

var _ waiting = (*tamtam)(nil)

func (t *tamtam) broadcastAll(ctx context.Context, i int, payload []byte) (have, missing int, err error) {
	r, err := tamtamv1.NewTamTamServiceClient(t.conns[i].Load()).Broadcast(ctx, &tamtamv1.BroadcastRequest{
		Payload: payload, Wait: &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true},
	})
	return int(r.GetHave()), len(r.GetMissing()), err
}

// pace measures how many messages a second a node can send. Few nodes have a reader: one
// on each would measure the lab. Then it measures how long the origin takes to know that
// all have a message, when there is no other.
func pace(ctx context.Context, t *trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := t.fresh(ctx); err != nil {
		return err
	}
	if err := t.pass(ctx, t.opt.settle); err != nil {
		return err
	}
	got := make([]atomic.Int64, 2)
	for k, i := range paceReaders(t.n) {
		err := t.listen(ctx, i, reader{
			message: func([]byte, time.Duration) { got[k].Add(1) },
			gap:     func(messages int) { t.say("a gap of %d at node %d", messages, i) },
			ended: func(err error) {
				if ctx.Err() == nil {
					t.say("the reader of node %d ended: %v", i, err)
				}
			},
		})
		if err != nil {
			return err
		}
	}
	used, err := t.used()
	if err != nil {
		return err
	}
	taken, took, before := t.flood(ctx)
	t.add("messages of one origin", "/s", float64(taken)/took.Seconds())
	after, err := t.used()
	if err != nil {
		return err
	}
	t.add("CPU of all nodes for a message", "ms", 1000*(after-used)/float64(max(taken, 1)))
	t.note("machine meanwhile", machine(before))
	limited, cancelLimit := context.WithTimeout(ctx, t.opt.straggle)
	defer cancelLimit()
	for k := range paceReaders(t.n) {
		for got[k].Load() < taken && t.pass(limited, castLook) == nil {
		}
		t.add("delivered at a reader", "%", percent(int(got[k].Load()), int(taken)))
	}
	if w, ok := t.system.(waiting); ok {
		return t.waits(ctx, w)
	}
	return ctx.Err()
}

// used returns the processor time that all nodes have used so far, in seconds. What a message takes of it
// can be compared on a machine that does other work, too.
func (t *trial) used() (seconds float64, err error) {
	for i := range t.n {
		u, err := measure(t.net.hosts[i], t.pid(i))
		if err != nil {
			return 0, err
		}
		seconds += u.cpu
	}
	return seconds, nil
}

// paceReaders are the nodes with a reader, not the origin.
func paceReaders(n int) []int {
	if n < 4 {
		return []int{0}
	}
	return []int{n / 2, n - 1}
}

// flood sends as many messages as the system takes in the time of -cast.
func (t *trial) flood(ctx context.Context) (taken int64, took time.Duration, before ticks) {
	before = machineTicks()
	began := time.Now()
	var n atomic.Int64
	var wg sync.WaitGroup
	for range paceCalls {
		wg.Go(func() {
			payload := make([]byte, castSize)
			for ctx.Err() == nil && time.Since(began) < t.opt.cast {
				limited, cancel := context.WithTimeout(ctx, t.opt.straggle)
				err := t.broadcast(limited, paceOrigin, payload)
				cancel()
				switch {
				case err == nil:
					n.Add(1)
				case t.pass(ctx, castLook) != nil:
					return
				}
			}
		})
	}
	wg.Wait()
	return n.Load(), time.Since(began), before
}

// waits measures calls that wait until all have a message.
func (t *trial) waits(ctx context.Context, w waiting) error {
	for range paceWaits {
		limited, cancel := context.WithTimeout(ctx, t.opt.straggle)
		began := time.Now()
		_, missing, err := w.broadcastAll(limited, paceOrigin, make([]byte, castSize))
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || missing > 0 {
			f := t.figures.get(t.scenario, "--wait all", t.name(), "ms")
			f.Beyond++
			f.Limit = float64(t.opt.straggle.Milliseconds())
			t.say("--wait all: %d missing, %v", missing, err)
		} else {
			t.add("--wait all", "ms", time.Since(began).Seconds()*1000)
		}
		if err := t.pass(ctx, paceGap); err != nil {
			return err
		}
	}
	return nil
}
