// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package logging

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// LimitEvery is the shortest time between two lines of a kind about one source.
	LimitEvery = 10 * time.Second
	// LimitBurst bounds the lines of a kind about all sources at once; there is one more in each
	// limitRefill.
	LimitBurst  = 10
	limitRefill = 2 * time.Second
	// maxSources bounds the sources that are remembered.
	maxSources = 256
)

// Limit bounds lines of one kind that others can cause, such as those about packets that are
// dropped. Each source has its own share, so that one of them does not hide what another does.
// All its methods may be called from any goroutine.
type Limit[Source comparable] struct {
	all *rate.Limiter

	mu      sync.Mutex // guards what follows
	sources map[Source]*share
	others  uint64 // lines held back of sources that are forgotten
}

// share is what one source has used.
type share struct {
	last time.Time // when a line about it was logged; zero for never
	held uint64    // lines held back since then
}

// NewLimit returns a limit for sources of which none was heard.
func NewLimit[Source comparable]() *Limit[Source] {
	return &Limit[Source]{all: rate.NewLimiter(rate.Every(limitRefill), LimitBurst), sources: map[Source]*share{}}
}

// Allow reports whether a line about a source is logged now. If so, it also returns fields for
// the line: held_back is how many lines about the source were held back since the last one, and
// held_back_others how many about sources that were since forgotten. Neither is there if it is 0.
func (l *Limit[Source]) Allow(source Source, now time.Time) (fields []any, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.sources[source]
	if s == nil {
		s = &share{}
		if len(l.sources) >= maxSources {
			l.forgetOne(now)
		}
		l.sources[source] = s
	}
	if !s.last.IsZero() && now.Sub(s.last) < LimitEvery || !l.all.AllowN(now, 1) {
		s.held++
		return nil, false
	}
	if s.held > 0 {
		fields = append(fields, "held_back", s.held)
	}
	if l.others > 0 {
		fields = append(fields, "held_back_others", l.others)
	}
	s.last, s.held, l.others = now, 0, 0
	return fields, true
}

// forgetOne forgets a source that has had no line for LimitEvery. There always is one: so many
// lines as sources are not logged within that time.
func (l *Limit[Source]) forgetOne(now time.Time) {
	for source, s := range l.sources {
		if now.Sub(s.last) >= LimitEvery {
			l.others += s.held
			delete(l.sources, source)
			return
		}
	}
}
