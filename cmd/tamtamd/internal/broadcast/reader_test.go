// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// texts reads until so many messages came, and returns them with the last cursor.
func texts(t *testing.T, r Feed, n int) (all []string, cursor []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for len(all) < n || cursor == nil {
		step, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("%v after %v", err, all)
		}
		if step.Cursor != nil {
			cursor = step.Cursor
		}
		if !step.Alone {
			all = append(all, string(step.Delivery.Message.Payload))
		}
	}
	return all, cursor
}

// next returns the next step but for those that say that the reader is subscribed.
func next(ctx context.Context, r Feed) (step Step, err error) {
	for step.Subscribed = true; step.Subscribed && err == nil; {
		step, err = r.Next(ctx)
	}
	return step, err
}

// sends has a Broadcaster send numbers.
func sends(b *Broadcaster, topic string, from, to int) {
	for i := from; i <= to; i++ {
		b.mu.Lock()
		b.core.BroadcastTo(time.Now(), topic, fmt.Append(nil, i), "")
		b.mu.Unlock()
	}
}

func between(from, to int) (all []string) {
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

// TestReader: kept messages come first, as Subscribe has them; then all that is new; and after a cursor, in the
// midst of the kept ones, too, what is left.
func TestReader(t *testing.T) {
	b := newTestBroadcaster(t)
	sends(b, "a", 1, 20)
	for _, c := range []struct {
		q    Query
		want []string
	}{
		{Query{}, nil},
		{Query{Last: 5}, between(16, 20)},
		{Query{Since: time.Now().Add(-time.Hour)}, between(1, 20)},
		{Query{Since: time.Now().Add(time.Hour), Last: 3}, nil},
		{Query{Topics: []string{"b"}, Last: 3}, nil},
	} {
		r, err := b.Read(c.q, nil, 10)
		if err != nil {
			t.Fatal(err)
		}
		got, cursor := texts(t, r, len(c.want)/2)
		again, err := b.Read(Query{}, cursor, 10)
		if err != nil {
			t.Fatal(err)
		}
		var rest, left []string
		if n := len(c.want) - len(got); n > 0 {
			rest, _ = texts(t, r, n)
			left, _ = texts(t, again, n)
		}
		if all := append(slices.Clone(got), rest...); !slices.Equal(all, c.want) {
			t.Errorf("%+v: got %v, want %v", c.q, all, c.want)
		}
		if !slices.Equal(left, c.want[len(got):]) {
			t.Errorf("%+v: after %v came %v", c.q, got, left)
		}
		again.Close()
		r.Close()
	}
	if b.positions != 0 {
		t.Errorf("%d positions are left", b.positions)
	}
}

// TestReaderFallsBehind: it goes on with what is kept, and gets a gap only for what is not.
func TestReaderFallsBehind(t *testing.T) {
	b := newTestBroadcaster(t)
	r, err := b.Read(Query{}, nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	sends(b, "", 1, 5)
	got, _ := texts(t, r, 2)
	sends(b, "", 6, 300)
	more, _ := texts(t, r, 298)
	if all := append(got, more...); !slices.Equal(all, between(1, 300)) {
		t.Errorf("got %v", all)
	}
}

// TestReaderOfPlainMessages: they have no order. Each comes once to a connected reader, those that are kept first, and
// none again after a cursor.
func TestReaderOfPlainMessages(t *testing.T) {
	b := newTestBroadcaster(t)
	plain := func(n uint64) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.core.keep(&Message{Stream: Stream{Origin: at(7)}, Sequence: n, Payload: fmt.Append(nil, n), Received: time.Now()})
	}
	plain(9)
	r, err := b.Read(Query{Last: 1}, nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	first, _ := texts(t, r, 1)
	plain(3)
	second, cursor := texts(t, r, 1)
	if got := append(first, second...); !slices.Equal(got, []string{"9", "3"}) {
		t.Errorf("got %v", got)
	}
	again, err := b.Read(Query{}, cursor, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	texts(t, again, 0)
	plain(5)
	if got, _ := texts(t, again, 1); got[0] != "5" {
		t.Errorf("after the cursor came %v", got)
	}
}

// TestReaderOfOtherTopics: its cursor moves, too, so that it does not resume long ago.
func TestReaderOfOtherTopics(t *testing.T) {
	b := newTestBroadcaster(t)
	r, err := b.Read(Query{Topics: []string{"mine"}}, nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	texts(t, r, 0)
	sends(b, "other", 1, 5)
	step, err := next(t.Context(), r)
	if err != nil || !step.Alone {
		t.Fatalf("%+v, %v", step, err)
	}
	if c, err := parseCursor(step.Cursor); err != nil || c.streams[b.cfg.Local].seq != 5 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestReadersEnd with their context, and with the Broadcaster.
func TestReadersEnd(t *testing.T) {
	b := newTestBroadcaster(t)
	r, err := b.Read(Query{}, nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	texts(t, r, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := next(ctx, r); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	b.Close()
	if _, err := next(t.Context(), r); !errors.Is(err, fanout.ErrClosed) {
		t.Errorf("ended with %v", err)
	}
}

// TestPositionsAreBounded, those of all readers together.
func TestPositionsAreBounded(t *testing.T) {
	b := newTestBroadcaster(t)
	c := &cursor{session: b.cfg.Local.Session, streams: map[Stream]position{}}
	for i := range limits.CursorStreams {
		c.streams[Stream{at(i), 1}] = position{1, 1}
	}
	var open []Feed
	for {
		r, err := b.Read(Query{}, c.encode(), 10)
		if err != nil {
			if !errors.Is(err, ErrTooManyPositions) || len(open) != limits.ReaderPositions/limits.CursorStreams {
				t.Errorf("%v with %d readers", err, len(open))
			}
			break
		}
		open = append(open, r)
	}
	open[0].Close()
	if r, err := b.Read(Query{}, c.encode(), 10); err != nil {
		t.Errorf("after one has ended: %v", err)
	} else {
		r.Close()
	}
}

func newTestBroadcaster(t *testing.T) *Broadcaster {
	t.Helper()
	nothing := func(netip.AddrPort, []byte) {}
	return New(Config{
		Local: local, MaxPayload: 256, Keep: 1000, KeepBytes: 1 << 20, SendDatagram: nothing, SendBare: nothing, Flush: func() {},
		Send: func(netip.AddrPort, []byte, uint64, bool) bool { return true },
	})
}
