// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

var (
	local = Stream{netip.MustParseAddrPort("192.0.2.1:9999"), 1}
	peer  = netip.MustParseAddrPort("192.0.2.2:9999")
	six   = Stream{netip.MustParseAddrPort("[2001:db8::1]:1"), 1<<64 - 1}
)

func TestCodecRoundTrips(t *testing.T) {
	now := time.Unix(1e9, 5)
	for _, want := range []Message{
		{Stream: local, Sequence: 1, Payload: []byte{}, Sent: now, Received: now},
		{Stream: six, Sequence: 1 << 62, Topic: "tøpic", Payload: []byte("hi"), Sent: now, Received: now},
		{Stream: six, Sequence: 2, Topic: strings.Repeat("x", MaxTopic), Payload: make([]byte, pieceSize), Sent: now, Received: now},
	} {
		b := appendMessage(nil, want)
		have, ok := parseMessage(b, now)
		if !ok || !reflect.DeepEqual(have, want) {
			t.Errorf("%+v is read as %+v, %v", want, have, ok)
		}
		for n := range messageHead {
			if _, ok := parseMessage(b[:n], now); ok {
				t.Errorf("%d bytes are a message", n)
			}
		}
	}
	entries := []entry{{local, 7}, {six, 0}}
	if flags, have, ok := parseDigest(appendDigest(nil, flagAnswer, entries)); !ok || flags != flagAnswer || !reflect.DeepEqual(have, entries) {
		t.Errorf("got %v %v %v", flags, have, ok)
	}
	if have, ok := parseWant(appendWant(nil, want{six, 5, 64})); !ok || have != (want{six, 5, 64}) {
		t.Errorf("got %v %v", have, ok)
	}
	if s, first, ok := parseGone(appendGone(nil, six, 9)); !ok || s != six || first != 9 {
		t.Errorf("got %v %d %v", s, first, ok)
	}
}

// TestLargestMessageFits into a frame of the wire.
func TestLargestMessageFits(t *testing.T) {
	m := Message{Stream: six, Sequence: 1, Topic: strings.Repeat("x", MaxTopic), Payload: make([]byte, pieceSize), Sent: time.Unix(1e9, 0)}
	if n := len(appendMessage(nil, m)); n > limits.FrameData {
		t.Errorf("%d bytes", n)
	}
	if n := digestHead + maxEntries*entrySize; n > limits.FrameData {
		t.Errorf("a digest of %d bytes", n)
	}
}

func TestBadMessages(t *testing.T) {
	good := Message{Stream: local, Sequence: 1, Sent: time.Unix(0, 0)}
	for _, change := range []func(*Message){
		func(m *Message) { m.Sequence = 0 },
		func(m *Message) { m.Session = 0 },
		func(m *Message) { m.Origin = netip.AddrPortFrom(m.Origin.Addr(), 0) },
		func(m *Message) { m.Topic = "a\nb" },
		func(m *Message) { m.Topic = "\xff" },
		func(m *Message) { m.Topic = strings.Repeat("x", MaxTopic+1) },
		func(m *Message) { m.Payload = make([]byte, pieceSize+1) },
	} {
		m := good
		change(&m)
		if have, ok := parseMessage(appendMessage(nil, m), time.Time{}); ok {
			t.Errorf("%+v is accepted", have)
		}
	}
}

// FuzzReceive: whatever a member sends, nothing breaks, and what it makes a node keep
// and send is bounded.
func FuzzReceive(f *testing.F) {
	now := time.Unix(1e9, 0)
	m := Message{Stream: Stream{peer, 2}, Sequence: 3, Topic: "t", Payload: []byte("hi"), Sent: now}
	f.Add(appendMessage(nil, m), appendDigest(nil, flagAnswer, []entry{{Stream{peer, 2}, 9}}))
	batch, _ := appendBatch(nil, messagesOf200(1, 5), true)
	repair, _ := appendBatch(nil, messagesOf200(3, 2), false)
	f.Add(batch, repair)
	some := messagesOf200(1, 3)
	some[1].To = recipients.Recipients{Tags: []*peerv1.TagCondition{{Key: "role", Pattern: "web"}}}.Encode(true, 0)[0].Text
	addressed, _ := appendBatch(nil, some, true)
	f.Add(addressed, appendReport(nil, local, []uint64{1, 2 | reportMine}))
	f.Add(appendWant(nil, want{local, 1, 1 << 15}), appendGone(nil, Stream{peer, 2}, 1<<63))
	f.Add(appendDigest(nil, 0, []entry{{Stream{peer, 2}, 0}}), appendDigest(nil, 0, []entry{{Stream{peer, 2}, 1<<64 - 1}}))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		sent, told := 0, 0
		c := NewCore(CoreConfig{
			Local: local, Keep: 100, KeepBytes: 1 << 20, Random: rand.IntN,
			Send:    func(netip.AddrPort, []byte, uint64, bool) bool { sent++; return true },
			Deliver: func(Delivery) { told++ }, Includes: func(to string) (bool, bool) { return len(to)%2 == 0, len(to)%3 == 0 },
		})
		c.Up(now, peer, 2, true)
		for range 3 {
			c.Broadcast(now, "", []byte("mine"))
		}
		for i, data := range [][]byte{a, b, a, b} {
			at := now.Add(time.Duration(i) * 10 * time.Second)
			c.Receive(at, peer, data)
			c.Tick(at)
			_ = c.Next(at)
		}
		if sent > 200 || told > 20+2*maxTogether || len(c.streams) > 1 || c.store.len() > 100 {
			t.Errorf("%d sent, %d told, %d streams", sent, told, len(c.streams))
		}
	})
}
