// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package logging

import (
	"reflect"
	"testing"
	"time"
)

// TestLimitOfASource: one that floods gets a line in LimitEvery, which says how many there would
// have been, and another one is heard all the same.
func TestLimitOfASource(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := NewLimit[string]()
	allow := func(source string, want bool, fields ...any) {
		t.Helper()
		if got, ok := l.Allow(source, now); ok != want || !reflect.DeepEqual(got, fields) {
			t.Errorf("%s: %v, %v; want %v, %v", source, got, ok, fields, want)
		}
	}
	allow("a", true)
	for range 1000 {
		allow("a", false)
	}
	allow("b", true)
	now = now.Add(LimitEvery)
	allow("a", true, "held_back", uint64(1000))
	allow("a", false)
	allow("b", true)
	now = now.Add(LimitEvery)
	allow("a", true, "held_back", uint64(1))
}

// TestLimitOfAll: sources that are made up get few lines and little memory, and no line is
// uncounted.
func TestLimitOfAll(t *testing.T) {
	now := time.Unix(1e9, 0)
	l := NewLimit[int]()
	lines, held := 0, uint64(0)
	note := func(source int) {
		fields, ok := l.Allow(source, now)
		if ok {
			lines++
		}
		for i := 1; i < len(fields); i += 2 {
			held += fields[i].(uint64)
		}
	}
	const flood = 100_000
	for i := range flood {
		note(i)
	}
	if lines != LimitBurst || len(l.sources) > maxSources {
		t.Errorf("%d lines, %d sources", lines, len(l.sources))
	}
	now = now.Add(time.Hour)
	lines = 0
	for i := range l.sources {
		note(i)
	}
	if lines != LimitBurst || held < flood-maxSources-LimitBurst || held > flood {
		t.Errorf("%d lines later; they say that %d were held back", lines, held)
	}
}
