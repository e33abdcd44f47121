// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"bytes"
	"io"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// TestStreams: which streams are open, however the bytes are cut.
func TestStreams(t *testing.T) {
	for cut := 1; cut < 40; cut++ {
		var in, out bytes.Buffer
		_, _ = io.WriteString(&in, http2.ClientPreface)
		client, server := http2.NewFramer(&in, nil), http2.NewFramer(&out, nil)
		now := time.Unix(100, 0)
		s := newStreams(now)
		feed := func(b *bytes.Buffer, to func([]byte)) {
			for b.Len() > 0 {
				to(b.Next(cut))
			}
		}
		step := func(what string, want int) {
			t.Helper()
			feed(&in, s.received)
			feed(&out, func(b []byte) { s.sent(b, now) })
			if s.count() != want {
				t.Fatalf("cut %d, %s: %d streams, want %d", cut, what, s.count(), want)
			}
		}
		headers := func(f *http2.Framer, id uint32, end bool) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte("abc"), EndHeaders: true, EndStream: end})
		}
		_ = client.WriteSettings()
		for id := uint32(1); id <= 9; id += 2 {
			headers(client, id, false)
			_ = client.WriteData(id, true, make([]byte, 20))
		}
		step("five calls", 5)
		headers(client, 3, true) // trailers
		step("no sixth", 5)
		headers(server, 1, false)
		_ = server.WriteData(1, false, make([]byte, 30))
		_ = server.WritePing(true, [8]byte{})
		step("an answer without an end", 5)
		headers(server, 1, true)
		step("an answer", 4)
		_ = client.WriteRSTStream(3, http2.ErrCodeCancel)
		_ = client.WriteRSTStream(1, http2.ErrCodeCancel) // ended already
		step("the client cancels", 3)
		_ = server.WriteRSTStream(5, http2.ErrCodeRefusedStream)
		step("the server refuses", 2)
		_ = server.WriteData(7, true, nil)
		step("an end in data", 1)
		if s.progress != now {
			t.Errorf("progress at %v", s.progress)
		}
	}
}

// TestStalled: a connection is stalled when an answer is ready, and nothing of it was taken for so
// long; calls under way, whose handlers have nothing to say, do not count.
func TestStalled(t *testing.T) {
	now := time.Unix(100, 0)
	p := newPool(bounds{connections: 2, connectionsEach: 2, calls: 10, callsEach: 10})
	c := &conn{pool: &p, streams: newStreams(now), name: "x"}
	if _, tooMany := p.enter(c); tooMany != "" {
		t.Fatal(tooMany)
	}
	c.streams.n.Store(20)
	if each, all := p.unread(c.client); each != 1 || all != 1 {
		t.Errorf("a stranger has %d, all %d", each, all)
	}
	c.streams.n.Store(3)
	later := now.Add(stalledWithin)
	for range 3 {
		if tooMany, _ := p.begin(c, false, now); tooMany != "" {
			t.Fatal(tooMany)
		}
	}
	if c.stalled(later) {
		t.Error("calls under way")
	}
	p.end(c, now)
	if c.stalled(later.Add(-1)) || !c.stalled(later) {
		t.Error("one is not taken")
	}
	c.streams.progress = later
	if c.stalled(later) {
		t.Error("something was taken")
	}
	// What is not taken counts.
	c.streams.n.Store(10)
	if tooMany, _ := p.begin(c, false, now); tooMany != "" {
		t.Errorf("the tenth: too many %s", tooMany)
	}
	c.streams.n.Store(11)
	if tooMany, _ := p.begin(c, false, now); tooMany != "calls of this client" {
		t.Errorf("the eleventh: too many %q", tooMany)
	}
}
