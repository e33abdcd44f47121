// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"testing"
	"time"
)

// TestLossRate: in steps of a span, of which the last two count; spurious retransmissions do not.
func TestLossRate(t *testing.T) {
	var l lossRate
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		after                  time.Duration
		first, again, spurious uint32 // are added
		frames, lost           uint64
	}{
		{0, 0, 0, 0, 0, 0},
		{0, 3, 1, 0, 3, 1},
		{lossSpan - 1, 4, 2, 2, 7, 1},
		{lossSpan, 0, 0, 0, 7, 1},
		{2*lossSpan - 1, 0, 8, 0, 7, 9},
		{2 * lossSpan, 0, 0, 1, 0, 7}, // the first span is forgotten
		{2 * lossSpan, 0, 0, 99, 0, 0},
		{4 * lossSpan, 0, 0, 0, 0, 0},
	} {
		now := start.Add(c.after)
		n := l.at(now)
		n.first += c.first
		n.again += c.again
		n.spurious += c.spurious
		if frames, lost := l.recent(now); frames != c.frames || lost != c.lost {
			t.Errorf("after %v: %d, %d, want %d, %d", c.after, frames, lost, c.frames, c.lost)
		}
	}
}

// TestSharedLoss: it is that of all links, of the frames that arrived in the end. Those to a node that
// has ended are not among them.
func TestSharedLoss(t *testing.T) {
	s := &Shared{Timing: LAN}
	s.Budget.Refill(start)
	ended, now := NewLink(s, start), start
	for i := range uint64(10) {
		ended.Send(now, i, nil, 0, false)
	}
	if _, known := s.Loss(now); known {
		t.Error("known before anything has arrived")
	}
	for i := range uint32(2 * LossFrames) {
		s.Budget.Refill(now)
		ended.Tick(now, func([]byte) {})
		l := NewLink(s, now)
		l.Send(now, uint64(i), nil, 0, false)
		if i%2 == 0 {
			now = l.Due()
			l.Tick(now, func([]byte) {})
		}
		l.Acked(now, i, CarrierAck)
		if i%4 == 0 {
			l.Acked(now, i, CarrierAck) // of the second try: the first had arrived
		}
	}
	if loss, known := s.Loss(now); !known || loss != 0.2 {
		t.Errorf("one transmission in five is lost: %v, %v", loss, known)
	}
	if _, lost := ended.Recent(now); lost == 0 {
		t.Error("nothing was retransmitted to the node that has ended")
	}
}

func TestLoss(t *testing.T) {
	for _, c := range []struct {
		frames, lost uint64
		want         float64
		known        bool
	}{{0, 0, 0, false}, {49, 49, 0, false}, {50, 0, 0, true}, {50, 50, 0.5, true}, {75, 25, 0.25, true}} {
		if have, known := Loss(c.frames, c.lost); have != c.want || known != c.known {
			t.Errorf("%d, %d: %v, %v, want %v, %v", c.frames, c.lost, have, known, c.want, c.known)
		}
	}
}
