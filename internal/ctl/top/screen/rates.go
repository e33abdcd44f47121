// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"fmt"
	"strings"
	"time"
)

// Rates are events per second.
type Rates struct {
	PacketsReceived  float64
	BytesReceived    float64
	PacketsSent      float64
	BytesSent        float64
	Resent           float64 // not acknowledged in time
	Dropped          float64
	MessagesReceived float64
	MessagesSent     float64
	Repaired         float64 // by anti-entropy
	Gaps             float64
}

// Meter makes rates of counters.
type Meter struct {
	least   time.Duration
	started time.Time // of the process that counted
	at      time.Time
	counted map[string]uint64
	rates   *Rates
}

// NewMeter returns a meter whose rates are over at least a time: two samples at a shorter
// distance say little.
func NewMeter(least time.Duration) *Meter { return &Meter{least: least} }

// Rates returns the rates up to a sample; nil if it is the first of this process of the node.
func (m *Meter) Rates(started, at time.Time, counted map[string]uint64) *Rates {
	if !started.Equal(m.started) {
		*m = Meter{m.least, started, at, counted, nil}
		return nil
	}
	d := at.Sub(m.at)
	if d < m.least || d <= 0 {
		return m.rates
	}
	grown := make(map[string]uint64, len(counted))
	for name, n := range counted {
		if n > m.counted[name] { // a counter never shrinks in one process
			grown[name] = n - m.counted[name]
		}
	}
	m.rates = new(RatesOf(grown, d))
	m.at, m.counted = at, counted
	return m.rates
}

// RatesOf returns the rates of counters that grew by so much in a time, which is over 0.
func RatesOf(grown map[string]uint64, d time.Duration) Rates {
	per := func(names ...string) float64 {
		var n uint64
		for _, name := range names {
			n += grown[name]
		}
		return float64(n) / d.Seconds()
	}
	var drops []string
	for name := range grown {
		if strings.HasPrefix(name, "dropped_") {
			drops = append(drops, name)
		}
	}
	return Rates{
		PacketsReceived:  per("datagrams_received"),
		BytesReceived:    per("bytes_received"),
		PacketsSent:      per("datagrams_sent"),
		BytesSent:        per("bytes_sent"),
		Resent:           per("frames_resent"),
		Dropped:          per(drops...),
		MessagesReceived: per("broadcasts_received", "broadcasts_plain_received"),
		MessagesSent:     per("broadcasts_sent"),
		Repaired:         per("broadcasts_repaired"),
		Gaps:             per("broadcast_gaps"),
	}
}

// perSecond returns a rate with two digits or more; 0 without any.
func perSecond(f float64) string {
	switch {
	case f == 0:
		return "0/s"
	case f < 0.05:
		return "<0.1/s"
	case f < 9.95:
		return fmt.Sprintf("%.1f/s", f)
	}
	return fmt.Sprintf("%.0f/s", f)
}

func bytesPerSecond(f float64) string {
	unit := "B"
	for _, next := range []string{"KiB", "MiB", "GiB"} {
		if f < 1000 {
			break
		}
		f, unit = f/1024, next
	}
	if f > 0 && f < 9.95 {
		return fmt.Sprintf("%.1f %s/s", f, unit)
	}
	return fmt.Sprintf("%.0f %s/s", f, unit)
}
