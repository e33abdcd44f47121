// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rate

import (
	"fmt"
	"testing"
	"time"
)

// TestLimiter: each client has its own rate, which it does not reset by closing its connections,
// and the clients that are remembered are bounded.
func TestLimiter(t *testing.T) {
	const rate, burst = 10, 100
	r := New(rate, burst)
	now := time.Unix(100, 0)
	for i := range burst {
		if !r.Take("a", now) {
			t.Fatalf("call %d is over the rate", i+1)
		}
	}
	if r.Take("a", now) {
		t.Error("one more than may be at once")
	}
	if !r.Take("b", now) {
		t.Error("another client is over the rate")
	}
	now = now.Add(time.Second)
	for i := range rate {
		if !r.Take("a", now) {
			t.Errorf("a second later, call %d is over the rate", i+1)
		}
	}
	if r.Take("a", now) {
		t.Error("a second later, one more than may be")
	}
	for i := range 10 * MaxClients {
		r.Take(fmt.Sprint(i), now)
		if len(r.of) > MaxClients {
			t.Fatalf("%d clients are remembered", len(r.of))
		}
	}
	// One whose bucket is full is forgotten before others.
	now = now.Add(time.Minute)
	r = New(rate, burst)
	for i := range MaxClients {
		r.Take(fmt.Sprint(i), now.Add(time.Duration(i/(MaxClients-1)-1)*time.Minute)) // all but the last a minute ago
	}
	for range burst {
		r.Take(fmt.Sprint(MaxClients-1), now)
	}
	for i := range MaxClients - 1 {
		r.Take(fmt.Sprint("new ", i), now)
	}
	if r.Take(fmt.Sprint(MaxClients-1), now) {
		t.Error("a client at its rate is forgotten before others that are not")
	}
}
