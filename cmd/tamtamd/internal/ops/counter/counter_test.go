// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package counter

import (
	"maps"
	"sync"
	"testing"
)

var (
	table, other Table

	shared  = &Metric{Name: "x_total", Help: "By y.", Label: "y"}
	event   = table.New("test_event", "Something.")
	own     = table.Metric("test_own", "own_total", "Its own.")
	gauge   = table.Gauge("test_gauge", "gauge", "Up and down.")
	one     = table.Of(shared, "test_one", "1")
	foreign = other.New("test_foreign", "Of another table.")
)

func TestDeclarations(t *testing.T) {
	for _, c := range []struct {
		counter *Counter
		metric  Metric
		value   string
	}{
		{event, *Events, "test_event"},
		{own, Metric{Name: "own_total", Help: "Its own."}, ""},
		{gauge, Metric{Name: "gauge", Help: "Up and down.", Gauge: true}, ""},
		{one, *shared, "1"},
	} {
		if Find(c.counter.Name) != c.counter {
			t.Errorf("%s is not found", c.counter.Name)
		}
		if *c.counter.Metric != c.metric || c.counter.Value != c.value || c.counter.Help == "" {
			t.Errorf("%s: %+v with %q, want %+v with %q", c.counter.Name, *c.counter.Metric, c.counter.Value, c.metric, c.value)
		}
	}
	if c := Find("test_unknown"); c != nil {
		t.Errorf("an unknown name is %v", c)
	}
}

// TestValues: each set counts for itself, and what many goroutines count is all there.
func TestValues(t *testing.T) {
	s, still := table.NewSet(), table.NewSet()
	var counting sync.WaitGroup
	for range 8 {
		counting.Go(func() {
			for range 1000 {
				s.Inc(event)
				s.Add(own, 3)
			}
		})
	}
	counting.Wait()
	s.Put(gauge, 9)
	s.Put(gauge, 7)
	m := map[string]uint64{"test_own": 1}
	s.Counters(m)
	want := map[string]uint64{"test_event": 8000, "test_own": 24001, "test_gauge": 7, "test_one": 0}
	if !maps.Equal(m, want) {
		t.Errorf("%v, want %v", m, want)
	}
	if n := still.Get(event); n != 0 || s.Get(event) != 8000 {
		t.Errorf("the sets have %d and %d", n, s.Get(event))
	}
}

// TestMistakes: they end the program at its start, or at the first count.
func TestMistakes(t *testing.T) {
	for name, do := range map[string]func(){
		"a name twice":               func() { new(Table).New("test_event", "") },
		"a counter of another table": func() { table.NewSet().Inc(foreign) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			do()
		}()
	}
}

func BenchmarkInc(b *testing.B) {
	s := table.NewSet()
	for b.Loop() {
		s.Inc(event)
	}
}
