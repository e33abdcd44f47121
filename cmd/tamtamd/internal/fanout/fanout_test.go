// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package fanout

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// all reads a subscription to its end.
func all(s *Subscription[int]) (got []int) {
	for v := range s.C() {
		got = append(got, *v)
	}
	return got
}

func TestEveryReaderGetsEverythingInOrder(t *testing.T) {
	h := New[int]()
	const readers, total = 5, 1000
	var wg sync.WaitGroup
	for range readers {
		s := h.Subscribe(total)
		wg.Go(func() {
			got := all(s)
			for i, v := range got {
				if v != i {
					t.Errorf("value %d is %d", i, v)
					return
				}
			}
			if len(got) != total || !errors.Is(s.Err(), ErrClosed) {
				t.Errorf("got %d values, then %v", len(got), s.Err())
			}
		})
	}
	for i := range total {
		h.Publish(i)
	}
	h.Close()
	wg.Wait()
}

var testCounters = Declare(new(counter.Table), "x", "x")

func TestSlowReaderIsDroppedAndTold(t *testing.T) {
	h := New[int]()
	slow, quick := h.Subscribe(3), h.Subscribe(10)
	for i := range 10 {
		h.Publish(i) // returns, with or without readers
	}
	if got := all(slow); len(got) != 3 || !errors.Is(slow.Err(), ErrOverflow) {
		t.Errorf("the slow one got %v, then %v", got, slow.Err())
	}
	h.Close()
	if got := all(quick); len(got) != 10 || !errors.Is(quick.Err(), ErrClosed) {
		t.Errorf("the quick one got %v, then %v", got, quick.Err())
	}
	m := map[string]uint64{}
	h.Counters(testCounters, m)
	if m["x_overflows"] != 1 || m["x_published"] != 10 || m["x_readers"] != 0 {
		t.Errorf("counted %v", m)
	}
}

func TestEndsAreIdempotent(t *testing.T) {
	h := New[int]()
	s := h.Subscribe(1)
	s.Unsubscribe()
	s.Unsubscribe()
	if all(s); s.Err() != nil {
		t.Errorf("unsubscribed with %v", s.Err())
	}
	h.Publish(1)
	h.Close()
	h.Close()
	h.Publish(2)
	late := h.Subscribe(1)
	if got := all(late); len(got) != 0 || !errors.Is(late.Err(), ErrClosed) {
		t.Errorf("subscribed to a closed hub: %v, %v", got, late.Err())
	}
	late.Unsubscribe()
}

func TestConcurrentUse(t *testing.T) {
	h := New[int]()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				s := h.Subscribe(2)
				select {
				case <-s.C():
				default:
				}
				s.Unsubscribe()
			}
		})
		wg.Go(func() {
			for i := range 500 {
				h.Publish(i)
			}
		})
	}
	wg.Wait()
	h.Close()
}

// BenchmarkPublish has all readers read everything: now and then the publisher
// waits for them, so that none falls behind and is dropped.
func BenchmarkPublish(b *testing.B) {
	const buffer = 1024
	for _, readers := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("readers=%d", readers), func(b *testing.B) {
			h := New[int]()
			var wg, caughtUp sync.WaitGroup
			for range readers {
				s := h.Subscribe(buffer)
				wg.Go(func() {
					for v := range s.C() {
						if *v%(buffer/2) == 0 {
							caughtUp.Done()
						}
					}
				})
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				if n%(buffer/2) == 0 {
					caughtUp.Add(readers)
				}
				h.Publish(n)
				if n%(buffer/2) == 0 {
					caughtUp.Wait()
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
			if dropped := h.overflows.Load(); dropped > 0 {
				b.Fatalf("%d readers were dropped", dropped)
			}
			h.Close()
			wg.Wait()
		})
	}
}
