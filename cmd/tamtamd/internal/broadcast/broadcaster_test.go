// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

var other = netip.MustParseAddrPort("192.0.2.3:9999")

// world is a Broadcaster that runs in virtual time, and what it sends.
type world struct {
	*Broadcaster
	mu   sync.Mutex
	sent map[netip.AddrPort]int // messages of its own
	bare map[netip.AddrPort]int // datagrams
	held bool                   // some of it was not flushed
}

func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{sent: map[netip.AddrPort]int{}, bare: map[netip.AddrPort]int{}}
		count := func(m map[netip.AddrPort]int, a netip.AddrPort, n int) {
			w.mu.Lock()
			defer w.mu.Unlock()
			m[a] += n
			w.held = true
		}
		datagrams := func(a netip.AddrPort, _ []byte) { count(w.bare, a, 1) }
		w.Broadcaster = New(Config{
			Local: local, MaxPayload: 256, Keep: 100, KeepBytes: 1 << 20,
			Send: func(a netip.AddrPort, b []byte, _ uint64, _ bool) bool {
				if some, ok := parseBatch(nil, b, time.Now()); ok && some[0].Stream == local {
					count(w.sent, a, len(some))
				}
				return true
			},
			SendDatagram: datagrams, SendBare: datagrams,
			Flush: func() { // not called with the lock held
				w.Broadcaster.mu.Lock()
				defer w.Broadcaster.mu.Unlock()
				w.mu.Lock()
				defer w.mu.Unlock()
				w.held = false
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { w.Run(ctx) })
		f(w)
		if synctest.Wait(); w.held {
			t.Error("what was sent does not leave")
		}
		cancel()
		wg.Wait()
	})
}

func (w *world) member(a netip.AddrPort, s member.Status, info member.Info) {
	w.OnMember(member.Change{Member: member.Member{Addr: a, Status: s, Info: info}})
}

func TestSendWaitsForMembers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(peer, member.Alive, member.Info{Session: 2})
		w.member(other, member.Alive, member.Info{Session: 3})
		go func() {
			time.Sleep(time.Second)
			w.Acked(peer, 2, 1)
			time.Sleep(time.Second)
			w.Acked(other, 99, 1) // of another session
			w.Acked(other, 3, 1)
		}()
		ctx := context.Background()
		if _, err := w.Send(ctx, Request{Wait: 3}); !errors.Is(err, ErrTooFew) {
			t.Errorf("for more than there are: %v", err)
		}
		if _, err := w.Send(ctx, Request{Wait: All, Least: 3}); !errors.Is(err, ErrTooFew) {
			t.Errorf("for all, but for more than there are: %v", err)
		}
		if r, err := w.Send(ctx, Request{Wait: 1}); err != nil || r.Have != 1 || r.Took != time.Second || r.Missing != nil || r.Members != 2 || r.Sequence != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
		time.Sleep(2 * time.Second)
		go func() {
			time.Sleep(3 * time.Second)
			w.Acked(peer, 2, 2)
		}()
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if r, err := w.Send(short, Request{Wait: All}); err != nil || r.Have != 1 || !slices.Equal(r.Missing, []netip.AddrPort{other}) || r.Took != 5*time.Second {
			t.Errorf("got %+v, %v", r, err)
		}
		// A member that dies is not waited for.
		go func() {
			time.Sleep(time.Second)
			w.Acked(peer, 2, 3)
			w.member(other, member.Dead, member.Info{Session: 3})
		}()
		if r, err := w.Send(ctx, Request{Wait: All}); err != nil || r.Have != 1 || r.Took != time.Second {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestSendWaitsForRoom(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(peer, member.Alive, member.Info{Session: 2})
		ctx := context.Background()
		for range Window {
			if _, err := w.Send(ctx, Request{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Send(ctx, Request{NoWait: true}); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v", err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := w.Send(short, Request{}); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			w.Acked(peer, 2, 1)
		}()
		if r, err := w.Send(ctx, Request{}); err != nil || r.Sequence != Window+1 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

// TestSendWaitsForRoomForAllOfIt: a call that takes several messages waits until all fit into the window.
func TestSendWaitsForRoomForAllOfIt(t *testing.T) {
	inWorld(t, func(w *world) {
		var many []netip.AddrPort
		for i := range 200 {
			many = append(many, at(10+i))
			w.member(at(10+i), member.Alive, addressable(uint64(i)+10, ""))
		}
		ctx := context.Background()
		for range Window - 1 {
			if _, err := w.Send(ctx, Request{}); err != nil {
				t.Fatal(err)
			}
		}
		two := Request{To: named(many...), Payload: make([]byte, 100), NoWait: true}
		if _, err := w.Send(ctx, two); !errors.Is(err, ErrBusy) {
			t.Errorf("two messages for the place of one: %v", err)
		}
		go func() {
			time.Sleep(time.Second)
			for i, a := range many {
				w.Acked(a, uint64(i)+10, 1)
			}
		}()
		two.NoWait = false
		if r, err := w.Send(ctx, two); err != nil || r.Sequence != Window+1 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestSendRefuses(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(peer, member.Alive, member.Info{Session: 2, MaxPayload: 100})
		w.member(other, member.Alive, member.Info{Session: 3, MaxPayload: 1000})
		if w.Limit() != 100 {
			t.Errorf("the limit is %d", w.Limit())
		}
		for _, c := range []struct {
			r    Request
			want error
		}{
			{Request{Payload: make([]byte, 100)}, nil},
			{Request{Payload: make([]byte, 101)}, ErrTooLarge},
			{Request{Topic: "a\nb"}, ErrTopic},
			{Request{Topic: string(make([]byte, MaxTopic+1))}, ErrTopic},
		} {
			if _, err := w.Send(context.Background(), c.r); !errors.Is(err, c.want) {
				t.Errorf("%d bytes on %q: %v, want %v", len(c.r.Payload), c.r.Topic, err, c.want)
			}
		}
		w.member(peer, member.Left, member.Info{Session: 2, MaxPayload: 100})
		if w.Limit() != 256 {
			t.Errorf("the limit is %d", w.Limit())
		}
	})
}

func TestReaders(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx := context.Background()
		payload := []byte("one")
		_, _ = w.Send(ctx, Request{Topic: "a", Payload: payload})
		payload[0] = 'x' // the caller's to change
		time.Sleep(time.Minute)
		began := time.Now()
		_, _ = w.Send(ctx, Request{Topic: "b", Payload: []byte("two")})
		for _, c := range []struct {
			q    Query
			want string
		}{
			{Query{}, ""}, {Query{Last: 9}, "one two "}, {Query{Last: 1}, "two "}, {Query{Last: 9, Topics: []string{"a", "c"}}, "one "},
			{Query{Since: began}, "two "}, {Query{Last: 9, Origins: []netip.AddrPort{peer}}, ""},
			{Query{Last: 9, Origins: []netip.AddrPort{local.Origin}}, "one two "},
		} {
			kept, sub := w.Subscribe(c.q, 1)
			sub.Unsubscribe()
			have := ""
			for _, m := range kept {
				have += string(m.Payload) + " "
			}
			if have != c.want {
				t.Errorf("%+v: kept %q, want %q", c.q, have, c.want)
			}
		}
		gap := Delivery{Gap: Gap{local, 1, 2}}
		if q := (Query{Topics: []string{"a"}}); !q.Wants(gap) {
			t.Error("a gap has no topic, and is not reported")
		}
		if q := (Query{Origins: []netip.AddrPort{peer}}); q.Wants(gap) {
			t.Error("another origin's gap is reported")
		}
	})
}

// TestPlainMembers are sent ours, no more than they can take; theirs are handed on
// once, and passed on to members with sessions.
func TestPlainMembers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(peer, member.Alive, member.Info{})
		w.member(other, member.Alive, member.Info{Session: 3})
		for range 2 * plainBurst {
			if _, err := w.Send(context.Background(), Request{}); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 * plainBurst { // nobody acknowledges, so there is room for more now and then
			time.Sleep(underwayFor)
			synctest.Wait()
		}
		if w.bare[peer] != plainBurst || w.sent[other] != 2*plainBurst || w.sent[peer] != 0 {
			t.Errorf("%d sent to the plain one, %d to the other", w.bare[peer], w.sent[other])
		}
		_, sub := w.Subscribe(Query{}, 10)
		b := datagram.Broadcast{Origin: peer, Index: 7, Payload: []byte("hi")}
		w.ReceivePlain(peer, b)
		w.ReceivePlain(peer, b)
		w.ReceivePlain(peer, datagram.Broadcast{Origin: other, Index: 8}) // it has a stream
		w.ReceivePlain(peer, datagram.Broadcast{Origin: local.Origin, Index: 9})
		sub.Unsubscribe()
		var got []Message
		for d := range sub.C() {
			got = append(got, d.Message)
		}
		if len(got) != 1 || got[0].Origin != peer || got[0].Session != 0 || !bytes.Equal(got[0].Payload, []byte("hi")) {
			t.Errorf("got %+v", got)
		}
		if w.bare[other] != 1 || w.bare[peer] != plainBurst {
			t.Errorf("passed on %d times", w.bare[other])
		}
	})
}

// TestRenewedNode begins another stream.
func TestRenewedNode(t *testing.T) {
	inWorld(t, func(w *world) {
		_, _ = w.Send(context.Background(), Request{})
		w.OnMember(member.Change{Member: member.Member{Addr: local.Origin, Status: member.Alive, Local: true, Info: member.Info{Session: 77}}})
		if r, _ := w.Send(context.Background(), Request{}); r.Session != 77 || r.Sequence != 1 {
			t.Errorf("got %+v", r)
		}
	})
}
