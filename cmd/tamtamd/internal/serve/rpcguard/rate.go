// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"sync"
	"time"
)

const (
	// strangerRate and strangerBurst bound the calls of a client without a valid token: in a
	// second, and at once.
	strangerRate, strangerBurst = 10, 100
	// maxRated bounds the clients that are remembered for it.
	maxRated = 1024
	// holdFor is how long a connection of a stranger that floods is held before it is closed.
	holdFor = time.Second
)

// bucket is a token bucket. The zero value is full.
type bucket struct {
	spent float64
	at    time.Time
}

// take takes one out of a bucket of burst that is filled by rate a second, or reports that there
// is none.
func (b *bucket) take(now time.Time, rate, burst float64) bool {
	b.spent = max(0, b.spent-now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.spent+1 > burst {
		return false
	}
	b.spent++
	return true
}

// full reports whether the bucket is as if nothing had been taken.
func (b *bucket) full(now time.Time, rate float64) bool {
	return now.Sub(b.at).Seconds()*rate >= b.spent
}

// rates bounds the calls without a valid token by their client, which is remembered even if it has
// no connection. The zero value is ready. Its methods may be called from any goroutine.
type rates struct {
	mu sync.Mutex // guards what follows
	of map[string]*bucket
}

// take reports whether a client may make one more such call.
func (r *rates) take(client string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.of[client]
	if b == nil {
		if r.of == nil {
			r.of = map[string]*bucket{}
		}
		if len(r.of) >= maxRated {
			r.forgetOne(now)
		}
		b = &bucket{}
		r.of[client] = b
	}
	return b.take(now, strangerRate, strangerBurst)
}

// forgetOne forgets a client whose bucket is full, or else another one: it may then use a burst
// again, as any number of other clients could.
func (r *rates) forgetOne(now time.Time) {
	var least string
	for client, b := range r.of {
		least = client
		if b.full(now, strangerRate) {
			break
		}
	}
	delete(r.of, least)
}
