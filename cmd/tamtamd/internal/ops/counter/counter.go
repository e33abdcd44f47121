// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package counter lets a package declare what it counts, with name and help, where it
// counts it:
//
//	var counters counter.Table
//
//	var sent = counters.New("queries_sent", "Questions that this node asked others.")
//
//	q.counts = counters.NewSet()
//	q.counts.Inc(sent)
//
// The name is that of "tamtamctl stats". Package metrics exports each declared counter;
// it needs no list of them.
package counter

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Metric is a metric of Prometheus. It is exported for all its counters, which differ in
// the value of its label.
type Metric struct {
	Name, Help string
	Label      string // "" for a metric of one counter
	Gauge      bool   // the value may go down
}

// Events is the metric of all counters that have no other. Its label is their name.
var Events = &Metric{
	Name: "tamtam_events_total", Label: "event",
	Help: "All other counters, by their names in tamtamctl stats.",
}

// Counter is a declared counter, or a gauge. It holds no value: each Set has one of it.
type Counter struct {
	Name, Help string
	Metric     *Metric
	Value      string // of the metric's label

	table *Table
	index int
}

// Table lists the counters of a package. Its zero value is empty. Counters are declared
// by package-level variables only, and so before the first Set is made.
type Table struct{ all []*Counter }

// New declares a counter that is one of Events. It panics if the name is taken.
func (t *Table) New(name, help string) *Counter {
	return t.declare(&Counter{Name: name, Help: help, Metric: Events, Value: name})
}

// Metric declares a counter with a metric of its own. It panics if the name is taken.
func (t *Table) Metric(name, metric, help string) *Counter {
	return t.declare(&Counter{Name: name, Help: help, Metric: &Metric{Name: metric, Help: help}})
}

// Gauge declares a gauge with a metric of its own. It panics if the name is taken.
func (t *Table) Gauge(name, metric, help string) *Counter {
	return t.declare(&Counter{Name: name, Help: help, Metric: &Metric{Name: metric, Help: help, Gauge: true}})
}

// Of declares a counter of a metric, by a value of the metric's label. It panics if the
// name is taken.
func (t *Table) Of(m *Metric, name, value string) *Counter {
	return t.declare(&Counter{Name: name, Help: m.Help, Metric: m, Value: value})
}

func (t *Table) declare(c *Counter) *Counter {
	c.table, c.index = t, len(t.all)
	t.all = append(t.all, c)
	names.Lock()
	defer names.Unlock()
	if names.declared[c.Name] != nil {
		panic(fmt.Sprintf("counter %s is declared twice", c.Name))
	}
	names.declared[c.Name] = c
	return c
}

// names are all declarations of the program. They are complete when main begins.
var names = struct {
	sync.RWMutex
	declared map[string]*Counter
}{declared: map[string]*Counter{}}

// Find returns the counter that is declared under a name; nil when there is none.
func Find(name string) *Counter {
	names.RLock()
	defer names.RUnlock()
	return names.declared[name]
}

// Set has the values of the counters of one table. All its methods may be called
// concurrently, and none blocks.
type Set struct {
	table  *Table
	values []atomic.Uint64
}

// NewSet returns a set in which all counters are 0.
func (t *Table) NewSet() *Set { return &Set{table: t, values: make([]atomic.Uint64, len(t.all))} }

// Inc adds 1 to a counter of the set's table.
func (s *Set) Inc(c *Counter) { s.at(c).Add(1) }

// Add adds n to a counter of the set's table.
func (s *Set) Add(c *Counter, n uint64) { s.at(c).Add(n) }

// Put sets the value of a gauge of the set's table.
func (s *Set) Put(c *Counter, n uint64) { s.at(c).Store(n) }

// Get returns the value of a counter of the set's table.
func (s *Set) Get(c *Counter) uint64 { return s.at(c).Load() }

func (s *Set) at(c *Counter) *atomic.Uint64 {
	if c.table != s.table {
		panic(fmt.Sprintf("counter %s is not of this set", c.Name))
	}
	return &s.values[c.index]
}

// Counters adds all values to m, by name, those that are 0 too.
func (s *Set) Counters(m map[string]uint64) {
	for i, c := range s.table.all {
		m[c.Name] += s.values[i].Load()
	}
}
