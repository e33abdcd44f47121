// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Result is what a simulation came to. The counts are those of all nodes, since the last
// Cluster.Measure.
type Result struct {
	Nodes   int
	Elapsed time.Duration // of virtual time
	Real    time.Duration // that it took
	Marks   []Mark        // in the order in which they were waited for
	// Views is the share of all pairs of nodes in which one sees the other alive, in
	// the end.
	Views float64
	// Suspected and Dead are how often a node that ran was seen so by one that it could
	// reach.
	Suspected, Dead int
	// Dropped is how often one that ran was a live member of another, and then no member.
	Dropped int
	// CutOff is how often it was seen as either by one that it could not reach directly. If others
	// relay between the two, it should be 0.
	CutOff       int
	Frames       []Frames // by kind; most first
	Totals       Totals   // packets
	Busiest      uint64   // packets sent in the busiest second
	DeepestQueue int      // the most packets that waited in one receive buffer
	// Received is how many packets came in for each node, but for those that ended.
	Received []uint64
	Counters map[string]uint64
	// Messages were broadcast, and delivered to others so many times; the delays are
	// those of deliveries, without messages in pieces.
	Messages, Deliveries int
	MedianDelay          time.Duration
	P99Delay             time.Duration
	Asked                []Asked

	latencies []time.Duration
	long      []time.Duration // of messages in pieces
}

// Frames is how many frames of a kind were sent.
type Frames struct {
	Kind        string
	Sent, Bytes uint64
}

// Mark returns a mark by its name.
func (r *Result) Mark(what string) (Mark, bool) {
	i := slices.IndexFunc(r.Marks, func(m Mark) bool { return m.What == what })
	if i < 0 {
		return Mark{}, false
	}
	return r.Marks[i], true
}

// PerNode returns how many frames a node sent on average.
func (r *Result) PerNode() float64 {
	sum := uint64(0)
	for _, f := range r.Frames {
		sum += f.Sent
	}
	return float64(sum) / float64(r.Nodes)
}

// Run simulates.
func Run(o Options) (r Result) {
	RunAll(o, []Scenario{o.Scenario}, func(_ Scenario, only Result) { r = only })
	return r
}

// RunAll simulates scenarios, one after the other, on one cluster, and reports what each came to.
// Options.Scenario is not used. The cluster forms once, which takes the most time if it is a large one.
// One that is not of a formed cluster can only be the first, and one that ends nodes for good only the last.
func RunAll(o Options, all []Scenario, report func(Scenario, Result)) {
	began := time.Now()
	c := newCluster(o)
	for _, s := range all {
		c.result = Result{}
		c.Measure()
		s.Run(c)
		report(s, c.finish(time.Since(began)))
		began = time.Now()
	}
}

// finish returns the result since the last Measure.
func (c *Cluster) finish(took time.Duration) Result {
	r, last := &c.result, c.base
	c.base = c.sum()
	r.Nodes, r.Views, r.DeepestQueue = c.Len(), c.Views(), c.Network.deepest
	r.Busiest = c.Network.second.busiest
	r.Elapsed, r.Real = c.base.at-last.at, took
	r.Totals = c.base.totals.since(last.totals)
	for i, n := range c.base.received {
		r.Received = append(r.Received, n-min(n, last.received[i])) // the process may be another one
	}
	r.Counters = map[string]uint64{}
	for k, v := range c.base.counters {
		r.Counters[k] = v - last.counters[k]
	}
	for kind, f := range c.base.frames {
		before := last.frames[kind]
		if f.Sent > before.Sent {
			r.Frames = append(r.Frames, Frames{kind, f.Sent - before.Sent, f.Bytes - before.Bytes})
		}
	}
	slices.SortFunc(r.Frames, func(a, b Frames) int {
		return cmp.Or(cmp.Compare(b.Sent, a.Sent), strings.Compare(a.Kind, b.Kind))
	})
	slices.Sort(r.latencies)
	if n := len(r.latencies); n > 0 {
		r.MedianDelay, r.P99Delay = r.latencies[n/2], r.latencies[n*99/100]
	}
	return *r
}

// sums is what was counted up to a time.
type sums struct {
	at       time.Duration
	totals   Totals
	frames   map[string]Frames
	counters map[string]uint64
	received []uint64 // by node
}

// Measure has the counts of the result begin now.
func (c *Cluster) Measure() {
	c.base = c.sum()
	c.Network.deepest, c.Network.second = 0, pace{}
	c.result = Result{Marks: c.result.Marks}
}

// sum adds up what all nodes have counted.
func (c *Cluster) sum() sums {
	s := sums{at: c.Network.Elapsed(), totals: c.Network.Totals, frames: map[string]Frames{}, counters: map[string]uint64{}}
	for i := range c.nodes {
		s.received = append(s.received, c.Network.Received(Address(i)))
	}
	for _, n := range slices.Concat(c.nodes, c.spent) {
		for _, t := range n.wire.Traffic() {
			f := s.frames[t.Kind]
			s.frames[t.Kind] = Frames{t.Kind, f.Sent + t.Sent, f.Bytes + t.SentBytes}
		}
		counted := map[string]uint64{}
		n.wire.Counters(counted)
		n.membership.Counters(counted)
		n.broadcast.Counters(counted)
		for k, v := range counted {
			s.counters[k] += v
		}
	}
	return s
}

// Write writes the result for people.
func (r *Result) Write(w io.Writer) {
	fmt.Fprintf(w, "%d nodes; all in %.1f s of real time\n", r.Nodes, r.Real.Seconds())
	for _, m := range r.Marks {
		fmt.Fprintf(w, "  %v\n", m)
	}
	fmt.Fprintf(w, "  views right in the end: %.1f %%; in %.1f s false SUSPECTED %d, DEAD %d, dropped %d; of nodes without a direct way %d\n",
		100*r.Views, r.Elapsed.Seconds(), r.Suspected, r.Dead, r.Dropped, r.CutOff)
	if r.Messages > 0 {
		fmt.Fprintf(w, "  messages: %d, delivered %.2f %%, median %v, p99 %v\n", r.Messages,
			100*float64(r.Deliveries)/float64(r.Messages*(r.Nodes-1)), r.MedianDelay.Round(10*time.Microsecond), r.P99Delay.Round(10*time.Microsecond))
	}
	for _, a := range r.Asked {
		fmt.Fprintf(w, "  queries at %.0f %% loss: %d; of %d asked, %d answered, %d named; until then median %v, worst %v; %.2f frames with questions and answers a node and query\n",
			100*a.Loss, a.Queries, a.Members, a.Answers, a.Named, a.Median.Round(10*time.Microsecond), a.Worst.Round(10*time.Microsecond), a.Frames/float64(r.Nodes))
	}
	perNode := func(n uint64) float64 { return float64(n) / float64(r.Nodes) }
	seconds := max(r.Elapsed.Seconds(), 1e-9)
	t := r.Totals
	fmt.Fprintf(w, "  packets: %.0f a node, %.1f a node and second, %.1f in the busiest, %.0f B/s; lost %d, cut %d, overflowed %d, to nobody %d; deepest queue %d\n",
		perNode(t.Sent), perNode(t.Sent)/seconds, perNode(r.Busiest), perNode(t.SentBytes)/seconds, t.Lost, t.Cut, t.Overflowed, t.NoHost, r.DeepestQueue)
	most, sorted := slices.Max(r.Received), slices.Sorted(slices.Values(r.Received))
	fmt.Fprintf(w, "  received: node 0, which all join, %d; the most %d, by node %d; median %d\n",
		r.Received[0], most, slices.Index(r.Received, most), sorted[len(sorted)/2])
	for _, f := range r.Frames {
		fmt.Fprintf(w, "    %-10s %9.1f a node %9.2f a node and second\n", f.Kind, perNode(f.Sent), perNode(f.Sent)/seconds)
	}
}

// WriteCounters writes the counters that are not 0.
func (r *Result) WriteCounters(w io.Writer) {
	for _, k := range slices.Sorted(maps.Keys(r.Counters)) {
		if v := r.Counters[k]; v > 0 {
			fmt.Fprintf(w, "    %-28s %9.1f a node\n", k, float64(v)/float64(r.Nodes))
		}
	}
}
