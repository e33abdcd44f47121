// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// world is some Topics whose members are each other, on a network that loses nothing.
type world struct {
	all []*Topics
	mu  sync.Mutex
	off map[netip.AddrPort]bool // get nothing
	got map[netip.AddrPort][]string
}

func inWorld(t *testing.T, n int, f func(*testing.T, *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{off: map[netip.AddrPort]bool{}, got: map[netip.AddrPort][]string{}}
		ctx, cancel := context.WithCancel(t.Context())
		for i := range n {
			self := at(i)
			one := New(Config{
				Self: self, Flush: func() {},
				Send: func(to netip.AddrPort, b []byte) bool {
					b = slices.Clone(b)
					time.AfterFunc(time.Millisecond, func() { w.deliver(self, to, b) })
					return true
				},
				Deliver: func(v Value) {
					w.mu.Lock()
					defer w.mu.Unlock()
					w.got[self] = append(w.got[self], v.Topic+"="+string(v.Payload))
				},
			})
			w.all = append(w.all, one)
			go one.Run(ctx)
		}
		for i := range n {
			for j := range n {
				if i != j {
					w.all[i].OnMember(alive(at(j), 1))
				}
			}
		}
		f(t, w)
		cancel()
		synctest.Wait()
	})
}

func (w *world) deliver(from, to netip.AddrPort, b []byte) {
	w.mu.Lock()
	off := w.off[to]
	w.mu.Unlock()
	for i, one := range w.all {
		if at(i) == to && !off {
			one.Receive(from, b)
		}
	}
}

func alive(a netip.AddrPort, session uint64) member.Change {
	return member.Change{Member: member.Member{Addr: a, Status: member.Alive, Info: member.Info{Session: session, Retaining: true}}}
}

func dead(a netip.AddrPort) member.Change {
	c := alive(a, 1)
	c.Member.Status = member.Dead
	return c
}

// TestSet: all have a value when it is confirmed; who does not confirm it is named at the end of the call.
func TestSet(t *testing.T) {
	inWorld(t, 4, func(t *testing.T, w *world) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		payload := []byte("1")
		r, err := w.all[0].Set(ctx, Request{Topic: "a", Payload: payload, Wait: All, Least: 3})
		payload[0] = 'x' // it is the caller's
		if err != nil || r.Members != 3 || r.Have != 3 || len(r.Missing) != 0 || r.Took > 100*time.Millisecond {
			t.Errorf("%+v, %v", r, err)
		}
		for i, one := range w.all {
			if v := one.Values(); len(v) != 1 || string(v[0].Payload) != "1" || !slices.Equal(w.got[at(i)], []string{"a=1"}) {
				t.Errorf("%d has %v", i, v)
			}
		}
		w.off[at(3)] = true
		if r, err := w.all[0].Set(ctx, Request{Topic: "a", Payload: []byte("2"), Wait: 2}); err != nil || r.Have != 2 || r.Missing != nil {
			t.Errorf("%+v, %v", r, err)
		}
		w.all[0].OnMember(member.Change{Member: member.Member{Addr: at(9), Status: member.Alive, Info: member.Info{Session: 1}}}) // of an earlier version
		w.all[0].OnMember(member.Change{Member: member.Member{Addr: at(8), Status: member.Alive}})                                // a plain one
		r, err = w.all[0].Set(ctx, Request{Topic: "a", Wait: All})
		if err != nil || r.Have != 2 || !slices.Equal(r.Missing, []netip.AddrPort{at(3), at(9)}) {
			t.Errorf("%+v, %v", r, err)
		}
		if _, err := w.all[0].Set(ctx, Request{Topic: "a", Payload: []byte("3"), Wait: 4}); !errors.Is(err, ErrTooFew) || len(w.all[0].Values()) != 0 {
			t.Errorf("error %v", err)
		}
		if len(w.all[0].core.waits) != 0 {
			t.Error("a wait stays")
		}
	})
}

// TestDeathEndsAWait: nobody waits for a member that has died.
func TestDeathEndsAWait(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		w.off[at(2)] = true
		time.AfterFunc(3*time.Second, func() { w.all[0].OnMember(dead(at(2))) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := w.all[0].Set(ctx, Request{Topic: "a", Payload: []byte("1"), Wait: All})
		if err != nil || r.Have != 1 || len(r.Missing) != 0 || r.Took != 3*time.Second {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestAlone: a node without members keeps values, and gives them to one that it meets; so to one that restarted.
func TestAlone(t *testing.T) {
	inWorld(t, 2, func(t *testing.T, w *world) {
		for i := range w.all {
			w.all[i].OnMember(dead(at(1 - i)))
		}
		r, err := w.all[0].Set(t.Context(), Request{Topic: "a", Payload: []byte("1"), Wait: All})
		if err != nil || r.Members+r.Have+len(r.Missing) != 0 {
			t.Errorf("%+v, %v", r, err)
		}
		time.Sleep(time.Minute)
		for i := range w.all {
			w.all[i].OnMember(alive(at(1-i), 2))
		}
		time.Sleep(time.Second)
		if v := w.all[1].Values(); len(v) != 1 {
			t.Errorf("%v", v)
		}
		m := map[string]uint64{}
		w.all[1].Counters(m)
		if m["retained_topics"] != 1 || m["retained_received"] != 1 || m["retained_bytes"] != 2 {
			t.Errorf("%v", m)
		}
	})
}

// TestConcurrently: Topics may be used by many goroutines.
func TestConcurrently(t *testing.T) {
	inWorld(t, 3, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				for range 20 {
					if _, err := w.all[i%3].Set(t.Context(), Request{Topic: string('a' + rune(i%5)), Payload: []byte{byte(i)}, Wait: All}); err != nil {
						t.Error(err)
					}
					w.all[i%3].Values()
				}
			})
		}
		wg.Wait()
		time.Sleep(10 * time.Second)
		for _, one := range w.all[1:] {
			if !slices.EqualFunc(one.Values(), w.all[0].Values(), func(a, b Value) bool { return a.Compare(b) == 0 }) {
				t.Errorf("%v and %v", one.Values(), w.all[0].Values())
			}
		}
	})
}
