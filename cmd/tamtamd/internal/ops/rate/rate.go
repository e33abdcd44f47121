// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rate bounds how often clients may do something, each by a token bucket of its own.
package rate

import (
	"sync"
	"time"
)

// MaxClients bounds the clients that a Limiter remembers.
const MaxClients = 1024

// Bucket is a token bucket. The zero value is full.
type Bucket struct {
	spent float64
	at    time.Time
}

// Take takes one out of a bucket of burst that is filled by rate a second, or reports that there
// is none.
func (b *Bucket) Take(now time.Time, rate, burst float64) bool {
	b.spent = max(0, b.spent-now.Sub(b.at).Seconds()*rate)
	b.at = now
	if b.spent+1 > burst {
		return false
	}
	b.spent++
	return true
}

// full reports whether the bucket is as if nothing had been taken.
func (b *Bucket) full(now time.Time, rate float64) bool {
	return now.Sub(b.at).Seconds()*rate >= b.spent
}

// Limiter has a bucket for each client. All its methods may be called from any goroutine.
type Limiter struct {
	rate, burst float64

	mu sync.Mutex // guards what follows
	of map[string]*Bucket
}

// New returns a limiter: each client may do something rate times a second, and burst times at once.
func New(rate, burst float64) *Limiter {
	return &Limiter{rate: rate, burst: burst, of: map[string]*Bucket{}}
}

// Take reports whether a client may do it once more now.
func (l *Limiter) Take(client string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.of[client]
	if b == nil {
		if len(l.of) >= MaxClients {
			l.forgetOne(now)
		}
		b = &Bucket{}
		l.of[client] = b
	}
	return b.Take(now, l.rate, l.burst)
}

// forgetOne forgets a client whose bucket is full, or else another one: it may then use a burst
// again, as any number of other clients could.
func (l *Limiter) forgetOne(now time.Time) {
	var least string
	for client, b := range l.of {
		least = client
		if b.full(now, l.rate) {
			break
		}
	}
	delete(l.of, least)
}
