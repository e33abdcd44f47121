// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"
)

func messagesOf200(first uint64, n int) (some []Message) {
	for i := range uint64(n) {
		some = append(some, Message{
			Stream: Stream{peer, 2}, Sequence: first + i, Topic: fmt.Sprint("t", i),
			Payload: bytes.Repeat([]byte{byte(i)}, 200), Sent: time.Unix(1e9, int64(i)),
		})
	}
	return some
}

// TestBatches: messages that follow each other go in one batch as far as they fit, and come
// out as they went in.
func TestBatches(t *testing.T) {
	now := time.Unix(2e9, 0)
	gap := append(messagesOf200(1, 2), messagesOf200(4, 2)...)
	large := messagesOf200(1, 2)
	large[0].Payload = make([]byte, pieceSize)
	small := messagesOf200(1, 100)
	for i := range small {
		small[i].Topic, small[i].Payload = "", []byte{}
	}
	for _, c := range []struct {
		what   string
		some   []Message
		passOn bool
		want   int
		kind   byte
	}{
		{"one", messagesOf200(7, 1), false, 1, kindRepair},
		{"one to pass on", messagesOf200(7, 1), true, 1, kindMessage},
		{"two", messagesOf200(7, 2), false, 2, kindRepairBatch},
		{"two to pass on", messagesOf200(7, 2), true, 2, kindBatch},
		{"more than fit", messagesOf200(7, 50), true, 5, kindBatch},
		{"one is missing", gap, true, 2, kindBatch},
		{"small ones", small, true, maxTogether, kindBatch},
		{"one that fills a frame", large, true, 1, kindMessage},
	} {
		b, n := appendBatch(nil, c.some, c.passOn)
		if n != c.want || b[0] != c.kind || n > 1 && len(b) > maxBatch {
			t.Errorf("%s: %d messages in %d bytes of kind %d, want %d of kind %d", c.what, n, len(b), b[0], c.want, c.kind)
		}
		got, ok := parseBatch(nil, b, now)
		for i := range c.some {
			c.some[i].Received = now
		}
		if !ok || !reflect.DeepEqual(got, c.some[:n]) {
			t.Errorf("%s: %v %+v came out", c.what, ok, got)
		}
		whole := 0
		for i := range len(b) {
			if got, ok := parseBatch(nil, b[:i], now); ok && n > 1 {
				whole++ // cut between two messages
				if len(got) >= n {
					t.Errorf("%s: %d messages of %d bytes", c.what, len(got), i)
				}
			}
		}
		if n > 1 && whole != n-1 {
			t.Errorf("%s: %d cuts are taken, want %d", c.what, whole, n-1)
		}
	}
}

// TestSince: times between messages take one size, up to 134 ms, and longer ones or negative ones are
// read, too. An earlier version reads the same varints.
func TestSince(t *testing.T) {
	const longest = int64(134 * time.Millisecond)
	for since, size := range map[int64]int{
		0: sinceSize, 1: sinceSize, -1: sinceSize, 1000: sinceSize, longest: sinceSize, -longest: sinceSize,
		int64(time.Second): sinceSize + 1, int64(time.Minute): sinceSize + 2, 1 << 61: 9, -1 << 63: 10,
	} {
		b := appendSince([]byte("x"), since)
		if got, n := binary.Varint(b[1:]); got != since || n != size || len(b) != size+1 {
			t.Errorf("%d ns in %x: %d in %d bytes, want %d", since, b, got, n, size)
		}
	}
	equal := messagesOf200(7, 50)
	for i := range equal {
		equal[i].Topic, equal[i].Sent = "", time.Unix(1.8e9, int64(i*i*i*1000))
	}
	first, n := appendBatch(nil, equal, false)
	second, _ := appendBatch(nil, equal[n:], false)
	if len(first) != len(second) {
		t.Errorf("batches of %d and %d bytes, of like messages", len(first), len(second))
	}
}

// TestTokens: a token names the messages of a batch.
func TestTokens(t *testing.T) {
	for _, c := range [][2]uint64{{1, 1}, {1, 2}, {5, 100}, {1<<56 - 200, 200}} {
		if first, last := messagesOf(tokenOf(c[0], int(c[1]))); first != c[0] || last != c[0]+c[1]-1 {
			t.Errorf("%d messages from %d: token of %d to %d", c[1], c[0], first, last)
		}
	}
}

// push is a frame that an origin sent.
type push struct {
	messages int
	token    uint64
	last     bool
}

// origin returns a core with some members, and the frames that it sends to one of them.
func origin(members int) (c *Core, sent func() []push) {
	var all []push
	c = NewCore(CoreConfig{
		Local: local, Keep: 4096, KeepBytes: 4 << 20, Random: func(int) int { return 0 }, Deliver: func(Delivery) {},
		Send: func(to netip.AddrPort, b []byte, token uint64, last bool) bool {
			if some, ok := parseBatch(nil, b, time.Time{}); ok && to == peer {
				all = append(all, push{len(some), token, last})
			}
			return true
		},
	})
	c.Up(time.Unix(1e9, 0), peer, 2, true)
	for i := range members - 1 {
		c.Up(time.Unix(1e9, 0), at(i+10), 2, true)
	}
	return c, func() []push {
		defer func() { all = nil }()
		return all
	}
}

// ackedByAll has all members acknowledge frames.
func (c *Core) ackedByAll(now time.Time, sent []push) {
	for _, p := range sent {
		for a, t := range c.members {
			c.Acked(now, a, t.session, p.token)
		}
	}
}

// TestMessagesGoOutTogether: what is broadcast before a Tick takes few frames, of which the
// last is acknowledged at once, and each acknowledgement is of all that a frame has.
func TestMessagesGoOutTogether(t *testing.T) {
	now := time.Unix(1e9, 0)
	c, sent := origin(3)
	for range 10 {
		c.Broadcast(now, "", make([]byte, 200))
	}
	if next := c.Next(now); next.After(now) {
		t.Errorf("the push is due in %v", next.Sub(now))
	}
	c.Tick(now)
	want := []push{{5, tokenOf(1, 5), false}, {5, tokenOf(6, 5), true}}
	if got := sent(); !reflect.DeepEqual(got, want) {
		t.Fatalf("sent %+v, want %+v", got, want)
	}
	if !c.Acked(now, peer, 2, tokenOf(6, 5)) || c.members[peer].have != 0 || !c.Acked(now, peer, 2, tokenOf(1, 5)) || c.members[peer].have != 10 {
		t.Errorf("after both are acknowledged, the member has %d", c.members[peer].have)
	}
	if c.Acked(now, peer, 2, tokenOf(1, 5)) || c.Acked(now, peer, 2, tokenOf(9, 3)) {
		t.Error("an acknowledgement of nothing new is news")
	}
	now = now.Add(quietAfter / 2)
	c.Broadcast(now, "", nil)
	c.Tick(now)
	if got := sent(); len(got) != 1 || got[0].last {
		t.Errorf("soon after, sent %+v; want one that is acknowledged in time", got)
	}
}

// TestMembersOneByOne: all that goes to one member goes in a row.
func TestMembersOneByOne(t *testing.T) {
	now := time.Unix(1e9, 0)
	c, _ := origin(5)
	var to []netip.AddrPort
	c.cfg.Send = func(a netip.AddrPort, b []byte, token uint64, last bool) bool {
		if last != (len(to)%3 == 2) {
			t.Errorf("frame %d is acknowledged at once: %v", len(to)+1, last)
		}
		to = append(to, a)
		return true
	}
	for range 15 {
		c.Broadcast(now, "", make([]byte, 200))
	}
	c.Tick(now)
	if len(to) != 15 || len(slices.Compact(slices.Clone(to))) != 5 {
		t.Errorf("sent to %v, want 3 frames in a row to each of 5", to)
	}
}

// TestPace: an origin with little to send waits for nothing. One that sends all the time sends
// less often, and more at a time.
func TestPace(t *testing.T) {
	const members = 100
	began := time.Unix(1e9, 0)
	c, sent := origin(members)
	now := began
	for range 20 { // 50 a second
		c.Broadcast(now, "", nil)
		c.Tick(now)
		got := sent()
		if len(got) != 1 {
			t.Fatalf("%v after the first: %d frames, want one at once", now.Sub(began), len(got))
		}
		c.ackedByAll(now, got)
		now = now.Add(20 * time.Millisecond)
	}
	began = now
	pushes, messages := 0, 0
	for now.Sub(began) < time.Second { // 2,000 a second
		c.Broadcast(now, "", nil)
		c.Tick(now)
		got := sent()
		if len(got) > 0 {
			pushes++
		} else if next := c.Next(now); !next.After(now) || next.Sub(now) > time.Second*members/paceRate {
			t.Fatalf("the next push is due in %v", next.Sub(now))
		}
		for _, p := range got {
			messages += p.messages
		}
		c.ackedByAll(now, got)
		now = now.Add(time.Second / 2000)
	}
	if most := (paceRate + paceBurst) / members; pushes > most || pushes < most/2 || messages < 1900 {
		t.Errorf("%d messages in %d pushes, want nearly 2000 in at most %d", messages, pushes, most)
	}
}
