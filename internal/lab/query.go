// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// answered is what came of a query.
type answered struct {
	refused bool           // the system did not take it
	answers map[string]int // of each member, by a name of the system's
	named   map[string]int // members that the system reports without an answer, by its reason
	took    time.Duration  // until all had answered; 0 if they did not
}

// asked is what came of several queries.
type asked struct {
	mu      sync.Mutex
	results []answered
}

// askRates are how many queries a second one node makes, in turn.
var askRates = []int{1, 10}

// queries has one node ask all, on a network that loses packets. At each node the lab answers,
// with the question.
func queries(lossPercent int) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		return t.answering(ctx, lossPercent, func(ctx context.Context, rest float64) error {
			for _, rate := range askRates {
				if err := t.asking(ctx, fmt.Sprintf("%d a second: ", rate), []int{1}, float64(rate), rest); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// queryAll has all nodes ask all, -asks queries a second together.
func queryAll(lossPercent int) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		return t.answering(ctx, lossPercent, func(ctx context.Context, rest float64) error {
			var all []int
			for i := range t.n {
				all = append(all, i)
			}
			return t.asking(ctx, fmt.Sprintf("%d a second: ", t.opt.asks), all, float64(t.opt.asks)/float64(t.n), rest)
		})
	}
}

// answering makes a cluster in which each node answers, and calls do with the bytes that all nodes
// send in a second without queries.
func (t *trial) answering(ctx context.Context, lossPercent int, do func(ctx context.Context, rest float64) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := t.fresh(ctx); err != nil {
		return err
	}
	for i := range t.n {
		if err := t.answer(ctx, i); err != nil {
			return err
		}
	}
	rest, err := t.restTraffic(ctx, lossPercent)
	if err != nil {
		return err
	}
	return do(ctx, rest)
}

// asking has each of some nodes make so many queries a second for -cast, waits until they end, and
// records what came of them.
func (t *trial) asking(ctx context.Context, of string, nodes []int, rate, rest float64) error {
	every := time.Duration(float64(time.Second) / rate)
	before, began := t.traffic(), time.Now()
	cpu, cpuFirst := t.processorTime()
	var all asked
	var wg sync.WaitGroup
	for k, i := range nodes {
		wg.Go(func() {
			for n := range int(t.opt.cast / every) {
				// They do not ask at the same instant.
				at := began.Add(time.Duration(n)*every + every*time.Duration(k)/time.Duration(len(nodes)))
				if t.pass(ctx, time.Until(at)) != nil {
					return
				}
				wg.Go(func() { t.askOnce(ctx, i, &all) })
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	sent := t.traffic() - before - rest*time.Since(began).Seconds()
	t.reportAsked(of, all.results, sent)
	if n := len(all.results); n > 0 {
		cpuAfter, firstAfter := t.processorTime()
		t.add(of+"CPU of all nodes for a query, with what they use at rest", "ms", 1000*(cpuAfter-cpu)/float64(n))
		t.add(of+"the same of node 0", "ms", 1000*(firstAfter-cpuFirst)/float64(n))
	}
	return nil
}

// askOnce makes one query, and adds what came of it.
func (t *trial) askOnce(ctx context.Context, i int, all *asked) {
	began := time.Now()
	r := answered{answers: map[string]int{}, named: map[string]int{}}
	err := t.query(ctx, i, make([]byte, castSize), t.opt.straggle, func(member, why string) {
		if why != "" {
			r.named[why]++
			return
		}
		if r.answers[member]++; len(r.answers) == t.n && r.took == 0 {
			r.took = time.Since(began)
		}
	})
	if err != nil && ctx.Err() == nil {
		r.refused = true
		t.say("a query of node %d: %v", i, err)
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	all.results = append(all.results, r)
}

// reportAsked records what came of queries; sent are the bytes that all nodes sent for them.
func (t *trial) reportAsked(of string, results []answered, sent float64) {
	taken, answers, known, whole, refused, double, named := 0, 0, 0, 0, 0, 0, map[string]int{}
	var took []float64 // ms
	for _, r := range results {
		if r.refused {
			refused++
			continue
		}
		taken++
		answers += len(r.answers)
		known += len(r.answers)
		for why, n := range r.named {
			known += n
			named[why] += n
		}
		for _, n := range r.answers {
			double += n - 1
		}
		if r.took > 0 {
			whole++
			took = append(took, float64(r.took)/1e6)
		}
	}
	t.add(of+"queries taken by the system", "", float64(taken))
	if refused > 0 {
		t.add(of+"refused", "", float64(refused))
	}
	if taken == 0 {
		return
	}
	t.add(of+"answers that came, of queries × N", "%", percent(answers, taken*t.n))
	t.add(of+"queries that all answered", "%", percent(whole, taken))
	t.add(of+"answered or named, of queries × N", "%", percent(known, taken*t.n))
	for _, why := range slices.Sorted(maps.Keys(named)) {
		t.add(of+"named as "+why+", of queries × N", "%", percent(named[why], taken*t.n))
	}
	t.add(of+"answers that came twice", "", float64(double))
	slices.Sort(took)
	for _, q := range []struct {
		name string
		p    int
	}{{"median", 50}, {"p99", 99}} {
		t.quantile(of+"until all have answered, "+q.name, took, taken, q.p)
	}
	t.add(of+"sent per query, less what is sent at rest, IP", "B", max(0, sent)/float64(taken))
}

// quantile records a percentile of times in ms, of which those of queries that not all answered
// are missing: they are more than all others.
func (t *trial) quantile(name string, sorted []float64, of, p int) {
	if rank := (of*p + 99) / 100; rank <= len(sorted) {
		t.add(name, "ms", sorted[rank-1])
		return
	}
	f := t.figures.get(t.scenario, name, t.name(), "ms")
	f.Beyond++
	f.Limit = float64(t.opt.straggle.Milliseconds())
	t.say("%s: not in %v", name, t.opt.straggle)
}
