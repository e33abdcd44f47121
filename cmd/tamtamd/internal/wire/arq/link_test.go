// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"
)

var start = time.Unix(1000, 0)

const ms = time.Millisecond

// after is a time of a test.
func after(d time.Duration) time.Time { return start.Add(d) }

// newTestLink returns a link with a full budget.
func newTestLink() *Link {
	s := &Shared{Timing: LAN}
	s.Budget.Refill(start)
	return NewLink(s, start)
}

// ticked returns what a link transmits at a time.
func ticked(l *Link, now time.Time) (sent []string) {
	l.Tick(now, func(b []byte) { sent = append(sent, string(b)) })
	return sent
}

// TestRetransmission: a frame is transmitted at the timeout until it is out of date, and
// Due says when.
func TestRetransmission(t *testing.T) {
	l := newTestLink()
	due := l.Send(start, 1, []byte("a"), 0, false)
	if !due.Equal(after(LAN.FirstTimeout)) || !l.Due().Equal(due) || l.Idle() {
		t.Fatalf("due after %v", due.Sub(start))
	}
	if got := ticked(l, due.Add(-1)); got != nil {
		t.Errorf("too early: %q", got)
	}
	times := 0
	for now := due; !l.Idle(); now = l.Due() {
		if times++; times > 1000 {
			t.Fatal("it is never given up")
		}
		got := ticked(l, now)
		if outdated := now.Sub(start) >= LAN.Lifetime; outdated != (len(got) == 0) || outdated != l.Idle() {
			t.Fatalf("after %v: transmitted %q", now.Sub(start), got)
		}
	}
	n := l.shared.Counts
	if n.Expired != 1 || n.Retransmitted != uint64(times-1) || l.Traffic() != (Traffic{Sent: 1, Retransmitted: n.Retransmitted}) {
		t.Errorf("%d times, counted %+v, %+v", times, n, l.Traffic())
	}
	if !l.Due().IsZero() || !l.Unacked().Equal(start) {
		t.Errorf("due at %v, unacknowledged since %v", l.Due(), l.Unacked())
	}
}

// TestAcked: an acknowledgement ends the flight of its frame, and returns what was sent.
func TestAcked(t *testing.T) {
	l := newTestLink()
	for i := range uint64(3) {
		l.Send(start, 1<<32+i, []byte{byte(i)}, 10+i, false)
	}
	for _, c := range []struct {
		ack  uint32
		want bool
	}{{1, true}, {1, false}, {7, false}, {0, true}, {2, true}} {
		b, token, ok := l.Acked(after(ms), c.ack, CarrierAck)
		if ok != c.want || ok && (!bytes.Equal(b, []byte{byte(c.ack)}) || token != 10+uint64(c.ack)) {
			t.Errorf("acknowledgement %d: %v, %v, %d", c.ack, ok, b, token)
		}
	}
	if !l.Idle() || ticked(l, after(time.Second)) != nil {
		t.Error("something is still in flight")
	}
}

// TestRoundTripSamples: what an acknowledgement says of the round trip depends on what
// brings it, and frames that were retransmitted say nothing.
func TestRoundTripSamples(t *testing.T) {
	for _, c := range []struct {
		name       string
		by         Carrier
		took       time.Duration
		retransmit bool
		all, trip  bool // measured
	}{
		{"an acknowledgement", CarrierAck, 10 * ms, false, true, false},
		{"a late acknowledgement", CarrierAck, 200 * ms, false, true, false},
		{"with an answer", CarrierAckData, 10 * ms, false, true, true},
		{"with a late answer", CarrierAckData, 200 * ms, false, false, false},
		{"with data", CarrierData, 10 * ms, false, true, false},
		{"with late data", CarrierData, 200 * ms, false, false, false},
		{"with an info", CarrierOpening, 10 * ms, false, true, true},
		{"retransmitted", CarrierAckData, 70 * ms, true, false, false},
	} {
		l := newTestLink()
		l.Send(start, 1, nil, 0, false)
		if c.retransmit {
			ticked(l, after(LAN.FirstTimeout))
		}
		l.Acked(after(c.took), 1, c.by)
		if all, trip := l.rtt.smoothed == c.took, l.RoundTrip() == c.took; all != c.all || trip != c.trip {
			t.Errorf("%s: measured %v, of answers at once %v", c.name, l.rtt.smoothed, l.RoundTrip())
		}
	}
}

// TestSpurious: a second acknowledgement of a frame that was retransmitted shows that the
// first try had arrived, unless its carrier may itself be a retransmission.
func TestSpurious(t *testing.T) {
	for _, c := range []struct {
		by         Carrier
		retransmit bool
		want       uint64
	}{
		{CarrierAck, true, 1}, {CarrierAckData, true, 1}, {CarrierData, true, 0}, {CarrierOpening, true, 0}, {CarrierAck, false, 0},
	} {
		l := newTestLink()
		l.Send(start, 1, nil, 0, false)
		if c.retransmit {
			ticked(l, after(LAN.FirstTimeout))
		}
		before := l.Timeout(start)
		l.Acked(after(70*ms), 1, CarrierData)
		l.Acked(after(71*ms), 1, c.by)
		if n := l.shared.Counts.Spurious; n != c.want || (l.Timeout(start) > before) != (c.want > 0) {
			t.Errorf("carrier %d, retransmitted %v: %d spurious, timeout %v, was %v", c.by, c.retransmit, n, l.Timeout(start), before)
		}
	}
}

// TestOverflow: past the bound the oldest frame is given up.
func TestOverflow(t *testing.T) {
	l := newTestLink()
	for i := range uint64(MaxInFlight + 3) {
		l.Send(start, i+1, nil, 0, false)
	}
	if l.InFlight() != MaxInFlight || l.Waits(3) || !l.Waits(4) || l.shared.Counts.Overflowed != 3 {
		t.Errorf("%d in flight, counted %+v", l.InFlight(), l.shared.Counts)
	}
}

func TestWithdraw(t *testing.T) {
	l := newTestLink()
	l.Send(start, 1, []byte("a"), 0, false)
	l.Send(start, 2, []byte("b"), 0, false)
	l.Withdraw(1)
	l.Withdraw(7)
	if got := ticked(l, after(LAN.FirstTimeout)); !slices.Equal(got, []string{"b"}) || l.Waits(1) {
		t.Errorf("transmitted %q", got)
	}
}

// TestReceive: a frame is taken once, in any order, unless it is far behind.
func TestReceive(t *testing.T) {
	l := newTestLink()
	l.Open(start, 5)
	for _, c := range []struct {
		counter uint64
		want    bool
	}{
		{5, false}, {6, true}, {6, false}, {4, true}, {4, false}, {100_000, true}, {7, false},
		{100_000 - windowSize + 1, true}, {100_000 - windowSize, false}, {99_999, true}, {99_999, false},
	} {
		if have := l.Receive(after(ms), c.counter); have != c.want {
			t.Errorf("counter %d: fresh %v, want %v", c.counter, have, c.want)
		}
	}
	if n := l.Traffic(); n.Received != 5 || n.Duplicates != 6 || !l.Heard().Equal(after(ms)) {
		t.Errorf("counted %+v, heard at %v", n, l.Heard())
	}
}

// TestOwe: acknowledgements wait for AckDelay from the first on, and ride on what is sent.
func TestOwe(t *testing.T) {
	l := newTestLink()
	if l.Owes() || l.OwesNow(after(time.Hour)) || l.TakeAcks(9) != nil {
		t.Error("it owes from the start")
	}
	for i := range uint64(4) {
		due, full := l.Owe(after(time.Duration(i)*ms), 1<<32+i, 4)
		if !due.Equal(after(LAN.AckDelay)) || full != (i == 3) {
			t.Errorf("acknowledgement %d: due after %v, full %v", i, due.Sub(start), full)
		}
	}
	if l.OwesNow(after(LAN.AckDelay-1)) || !l.OwesNow(after(LAN.AckDelay)) || !l.Due().Equal(after(LAN.AckDelay)) {
		t.Errorf("due at %v", l.Due())
	}
	for _, c := range []struct {
		most int
		want []uint32
	}{{-1, nil}, {3, []uint32{0, 1, 2}}, {3, []uint32{3}}, {3, nil}} {
		if have := l.TakeAcks(c.most); !slices.Equal(have, c.want) {
			t.Errorf("of %d at most: took %v, want %v", c.most, have, c.want)
		}
	}
	if !l.Idle() {
		t.Error("it still owes")
	}
}

// TestAckData: a frame that comes again is answered with the frame that acknowledged it,
// of which the last sixteen are kept, as long as the budget lasts.
func TestAckData(t *testing.T) {
	l := newTestLink()
	for i := range uint32(maxAckData + 2) {
		l.SendAckData([]uint32{i, 1000 + i}, fmt.Append(nil, i))
	}
	for _, c := range []struct {
		counter uint64
		want    string
		known   bool
	}{{0, "", false}, {1, "", false}, {2, "2", true}, {1<<32 + 1017, "17", true}, {18, "", false}} {
		if b, known := l.AckData(c.counter); string(b) != c.want || known != c.known {
			t.Errorf("counter %d: %q, %v", c.counter, b, known)
		}
	}
	l.shared.Budget = Budget{}
	if b, known := l.AckData(2); b != nil || !known || l.shared.Counts.Deferred != 1 || l.shared.Counts.AckDataRetransmitted != 2 {
		t.Errorf("without a budget: %q, %v, counted %+v", b, known, l.shared.Counts)
	}
}

// TestDeferred: without a budget a frame waits for the next timeout.
func TestDeferred(t *testing.T) {
	l := NewLink(&Shared{Timing: LAN}, start)
	l.Send(start, 1, []byte("a"), 0, false)
	l.shared.Budget = Budget{}
	now := after(LAN.FirstTimeout)
	if got := ticked(l, now); got != nil || l.shared.Counts.Deferred != 1 || !l.Due().Equal(now.Add(LAN.FirstTimeout)) {
		t.Errorf("transmitted %q, counted %+v", got, l.shared.Counts)
	}
	l.shared.Budget.earn()
	if got := ticked(l, l.Due()); len(got) != 1 {
		t.Errorf("transmitted %q", got)
	}
}

// TestSilent: a link is silent when several tries of a frame brought nothing back.
func TestSilent(t *testing.T) {
	l := newTestLink()
	l.Send(after(ms), 1, nil, 0, false)
	for tries := 1; tries <= silentTries; tries++ {
		if l.Silent() {
			t.Errorf("after %d tries", tries)
		}
		ticked(l, l.Due())
	}
	if !l.Silent() {
		t.Errorf("not after %d tries", silentTries+1)
	}
	if l.Receive(l.Due(), 1); l.Silent() {
		t.Error("and after it was heard")
	}
}

// TestReachability: since when nothing arrives is known while frames are in flight, and
// after they were given up, until one is acknowledged.
func TestReachability(t *testing.T) {
	l := newTestLink()
	if !l.Unacked().IsZero() {
		t.Error("from the start")
	}
	l.Send(after(10*ms), 1, nil, 0, false)
	l.Send(after(20*ms), 2, nil, 0, false)
	want := func(when string, since time.Time) {
		t.Helper()
		if have := l.Unacked(); !have.Equal(since) {
			t.Errorf("%s: since %v, want %v", when, have, since)
		}
	}
	want("in flight", after(10*ms))
	ticked(l, after(10*ms+LAN.Lifetime))
	want("the first given up", after(10*ms))
	fresh := NewLink(l.shared, after(time.Hour))
	if fresh.Inherit(l); !fresh.Unacked().Equal(after(10*ms)) || !fresh.Heard().Equal(l.Heard()) {
		t.Errorf("inherited: since %v", fresh.Unacked())
	}
	l.Send(after(5*time.Second), 3, nil, 0, false)
	l.Acked(after(6*time.Second), 3, CarrierAck)
	want("acknowledged", time.Time{})
	ticked(l, after(6*time.Second)) // gives the second up, which was sent before
	want("an older one given up", time.Time{})
	l.Send(after(7*time.Second), 4, nil, 0, false)
	want("in flight again", after(7*time.Second))
}

// TestRestart: nothing is in flight, owed or kept after it.
func TestRestart(t *testing.T) {
	l := newTestLink()
	l.Send(start, 1, nil, 0, false)
	l.Owe(start, 1, 9)
	l.SendAckData([]uint32{7}, []byte("a"))
	l.Restart()
	if _, known := l.AckData(7); known || !l.Idle() || !l.Due().IsZero() {
		t.Errorf("%d in flight, due at %v", l.InFlight(), l.Due())
	}
}

// TestAbandon: what is in flight is given up, and what is owed is not.
func TestAbandon(t *testing.T) {
	l := newTestLink()
	l.Send(start, 1, []byte("a"), 0, false)
	l.Send(after(ms), 2, []byte("b"), 0, false)
	l.Owe(after(ms), 9, 100)
	l.Abandon()
	if l.InFlight() != 0 || !l.Owes() || ticked(l, after(time.Second)) != nil {
		t.Error("something is in flight")
	}
	if n := l.shared.Counts; n.Abandoned != 2 || n.Expired != 0 {
		t.Errorf("counted %+v", n)
	}
	if !l.Unacked().Equal(start) {
		t.Errorf("unacknowledged since %v", l.Unacked())
	}
}
