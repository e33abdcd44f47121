// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// lister is a system whose nodes can be asked for their members.
type lister interface {
	list(ctx context.Context, i int) error
}

// pinger is a system in which a node can be made to ping another.
type pinger interface {
	ping(ctx context.Context, i, to int) error
}

var (
	_ lister = (*tamtam)(nil)
	_ pinger = (*tamtam)(nil)
	_ lister = (*serf)(nil)
)

func (t *tamtam) list(ctx context.Context, i int) error {
	_, err := tamtamv1.NewTamTamServiceClient(t.conns[i].Load()).ListMembers(ctx, &tamtamv1.ListMembersRequest{})
	return err
}

func (t *tamtam) ping(ctx context.Context, i, to int) error {
	client := tamtamv1.NewTamTamServiceClient(t.conns[i].Load())
	_, err := client.Ping(ctx, &tamtamv1.PingRequest{Address: t.net.gossip(to)})
	return err
}

func (s *serf) list(_ context.Context, i int) error {
	_, err := s.clients[i].Load().Members()
	return err
}

const (
	// rackEvery is the time between two calls to a survivor.
	rackEvery = 250 * time.Millisecond
	// rackCall bounds a call.
	rackCall = 10 * time.Second
)

// survivors returns how many of n hosts stay when the rack is gone: the first of them.
func survivors(n int) int { return min(4, n/2) }

// rack makes all hosts but a few disappear at once. The others share a network with
// them, so their kernels look for the gone hosts' link addresses, and hold packets back
// meanwhile, at the cost of the sender's buffer.
func rack(ctx context.Context, t *trial) error {
	if t.n < 4 {
		return fmt.Errorf("%w: want 4", errTooFew)
	}
	stay := survivors(t.n)
	if err := t.fresh(ctx); err != nil {
		return err
	}
	before, err := t.callFor(ctx, stay, min(warmUp, t.opt.rackFor))
	if err != nil {
		return err
	}
	before.report(t, "before: ")

	defer func() {
		// The context may be done, and the network serves the next scenario.
		if err := t.net.restore(context.WithoutCancel(ctx), stay); err != nil {
			t.say("restore the links: %v", err)
		}
	}()
	since := time.Now()
	if err := t.net.vanish(ctx, stay); err != nil {
		return err
	}
	var wg sync.WaitGroup
	var calls *callTimes
	wg.Go(func() { calls, err = t.callFor(ctx, stay, t.opt.rackFor) })
	_, timedErr := t.timed(ctx, "gone: seen DEAD by all survivors", since, t.board.goneFrom(stay))
	wg.Wait()
	if err != nil {
		return err
	} else if timedErr != nil {
		return timedErr
	}
	calls.report(t, "gone: ")
	survive := func(observer, subject int) bool { return observer < stay && subject < stay }
	for _, s := range t.alarms() {
		t.add("gone: false "+s.String()+" among survivors", "", float64(t.board.countOf(since, s, survive)))
	}

	since = time.Now()
	if err := t.net.restore(ctx, stay); err != nil {
		return err
	}
	_, err = t.timed(ctx, "back: all see all", since, t.board.allAlive)
	return err
}

// callTimes is how long calls to the survivors took, in milliseconds.
type callTimes struct {
	mu          sync.Mutex
	list, pings []float64
	failed      int
}

// callFor calls the first nodes for a while, each by itself.
func (t *trial) callFor(ctx context.Context, nodes int, last time.Duration) (*callTimes, error) {
	times, over := &callTimes{}, time.Now().Add(last)
	l, lists := t.system.(lister)
	p, pings := t.system.(pinger)
	var wg sync.WaitGroup
	for i := range nodes {
		wg.Go(func() {
			for time.Now().Before(over) && t.pass(ctx, rackEvery) == nil {
				if lists {
					times.call(ctx, &times.list, func(ctx context.Context) error { return l.list(ctx, i) })
				}
				if pings {
					times.call(ctx, &times.pings, func(ctx context.Context) error { return p.ping(ctx, i, (i+1)%nodes) })
				}
			}
		})
	}
	wg.Wait()
	return times, ctx.Err()
}

// call records the duration of a call. One that fails counts apart: it took as long as
// its timeout.
func (c *callTimes) call(ctx context.Context, times *[]float64, f func(context.Context) error) {
	ctx, cancel := context.WithTimeout(ctx, rackCall)
	defer cancel()
	began := time.Now()
	err := f(ctx)
	took := time.Since(began)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed++
		return
	}
	*times = append(*times, took.Seconds()*1000)
}

func (c *callTimes) report(t *trial, when string) {
	if len(c.list) > 0 {
		t.add(when+"list of members at a survivor", "ms", c.list...)
	}
	if len(c.pings) > 0 {
		t.add(when+"ping of another survivor", "ms", c.pings...)
	}
	t.add(when+"calls that failed", "", float64(c.failed))
}

// goneFrom is the condition that the first nodes see none of the others alive or
// suspected.
func (b *board) goneFrom(first int) func() bool {
	return func() bool {
		for i := range first {
			for _, s := range b.view[i][first:] {
				if s == alive || s == suspected {
					return false
				}
			}
		}
		return true
	}
}

// vanish takes the links of all hosts but the first down. The first forget their link
// addresses at once, as a kernel does within a minute.
func (w *network) vanish(ctx context.Context, stay int) error {
	var forget []string
	for i := stay; i < len(w.hosts); i++ {
		if err := ip(ctx, w.hosts[i].name, "link set eth0 down"); err != nil {
			return err
		}
		forget = append(forget, fmt.Sprintf("neigh del %s dev eth0", w.address(i)))
	}
	for _, host := range w.hosts[:stay] {
		if err := ip(ctx, host.name, forget...); err != nil {
			return err
		}
	}
	return nil
}

// restore undoes that. A link that was down has lost all link addresses.
func (w *network) restore(ctx context.Context, stay int) error {
	for i, host := range w.hosts {
		if i >= stay {
			if err := ip(ctx, host.name, "link set eth0 up"); err != nil {
				return err
			}
		}
		if err := ip(ctx, host.name, w.neighbours(i)...); err != nil {
			return err
		}
	}
	return nil
}
