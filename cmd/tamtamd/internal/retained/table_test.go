// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// TestOrderDoesNotMatter: tables that take the same values, again and again as nodes exchange them, are the same,
// whatever the order is, also at the bounds.
func TestOrderDoesNotMatter(t *testing.T) {
	now := time.Unix(1e9, 0)
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		var all []Value
		for range 800 {
			v := Value{Topic: fmt.Sprint(r.IntN(400)), Time: now.Add(time.Duration(r.IntN(1000)) * time.Millisecond).UnixNano(), Origin: at(r.IntN(3))}
			if v.Created = v.Time; r.IntN(5) > 0 {
				v.Payload = []byte(strings.Repeat("x", 1+r.IntN(limits.MaxRetained)))
				v.Created -= r.Int64N(1e9)
			}
			all = append(all, v)
		}
		a, b := newTable(), newTable()
		for _, i := range r.Perm(len(all)) {
			a.take(all[i], now)
		}
		for _, i := range r.Perm(len(all)) {
			b.take(all[i], now)
		}
		for range 3 { // what one has dropped for a value that has been replaced since, the other may have
			for _, e := range a.compared(now) {
				b.take(e.Value, now)
			}
			for _, e := range b.compared(now) {
				a.take(e.Value, now)
			}
		}
		if !reflect.DeepEqual(a.list(), b.list()) || digest(a.compared(now)) != digest(b.compared(now)) {
			t.Errorf("seed %d: %d and %d topics", seed, a.topics, b.topics)
		}
		if a.bytes > limits.RetainedBytes || a.topics > limits.RetainedTopics || a.topics < 100 {
			t.Errorf("seed %d: %d topics with %d bytes", seed, a.topics, a.bytes)
		}
	}
}

// TestTake: what becomes of a value.
func TestTake(t *testing.T) {
	now := time.Unix(1e9, 0)
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixNano() }
	value := func(set int64, payload string) Value {
		return Value{Topic: "a", Payload: []byte(payload), Time: set, Created: set, Origin: at(1)}
	}
	higher := value(ago(time.Hour), "x")
	higher.Origin = at(2)
	for _, c := range []struct {
		name string
		had  *Value
		v    Value
		want outcome
		has  string
	}{
		{"new", nil, value(ago(time.Hour), "x"), news, "x"},
		{"later", new(value(ago(time.Hour), "x")), value(ago(time.Minute), "y"), news, "y"},
		{"earlier", new(value(ago(time.Minute), "x")), value(ago(time.Hour), "y"), stale, "x"},
		{"the same", new(value(ago(time.Hour), "x")), value(ago(time.Hour), "x"), same, "x"},
		{"the higher address", new(value(ago(time.Hour), "z")), higher, news, "x"},
		{"the greater value", new(value(ago(time.Hour), "x")), value(ago(time.Hour), "y"), news, "y"},
		{"just not too far ahead", nil, value(ago(-MaxAhead), "x"), news, "x"},
		{"too far ahead", new(value(ago(time.Hour), "x")), value(ago(-MaxAhead)+1, "y"), future, "x"},
		{"deleted", new(value(ago(time.Hour), "x")), value(ago(time.Minute), ""), news, ""},
		{"an old deletion of nothing", nil, value(ago(Life-fades), ""), same, ""},
		{"an old deletion of an older one", new(value(ago(2*Life), "x")), value(ago(Life+time.Second), ""), news, ""},
		{"after a deletion", new(value(ago(time.Hour), "")), value(ago(time.Minute), "y"), news, "y"},
		{"before a deletion", new(value(ago(time.Minute), "")), value(ago(time.Hour), "y"), stale, ""},
	} {
		table := newTable()
		if c.had != nil {
			table.take(*c.had, now)
		}
		o, dropped, forgotten := table.take(c.v, now)
		has := ""
		if e := table.entries["a"]; e != nil {
			has = string(e.Payload)
		}
		if o != c.want || has != c.has || dropped+forgotten != 0 {
			t.Errorf("%s: %v, %q, %d, %d", c.name, o, has, dropped, forgotten)
		}
	}
}
