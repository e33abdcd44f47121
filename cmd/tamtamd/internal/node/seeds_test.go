// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

func TestSeekTriesOn(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		var found atomic.Int32
		go func() {
			w.Seek(ctx, []string{alice.String()}, func() { found.Add(1) })
			close(done)
		}()
		time.Sleep(time.Hour)
		if found.Load() != 0 {
			t.Error("found a seed that does not answer")
		}
		w.want(alice, 0) // which waits until all is quiet
		if n := w.log.count("seed not joined"); n != 1 {
			t.Errorf("logged %d times in an hour", n)
		}
		w.lives(alice, 7)
		time.Sleep(seedRetryMax + 3*time.Second)
		w.want(alice, member.Alive)
		if found.Load() == 0 {
			t.Error("found no seed that answers")
		}
		// Gone, it is joined again when it is back.
		w.event(left(alice, 7))
		time.Sleep(time.Minute)
		w.lives(alice, 8)
		time.Sleep(seedRetryMax + time.Second)
		w.want(alice, member.Alive)
		// At once, if it was only restarted.
		w.event(left(alice, 8))
		w.lives(alice, 9)
		time.Sleep(3 * seedLook)
		w.want(alice, member.Alive)
		// What a user shut out, a seed does not bring back.
		if _, err := w.Remove(ctx, alice.String(), nil, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		w.want(alice, 0)
		cancel()
		<-done
	})
}

// TestSeekFindsItself: a node that is itself the seed need not wait for anybody.
func TestSeekFindsItself(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var found atomic.Int32
		done := make(chan struct{})
		go func() {
			w.Seek(ctx, []string{bob.String(), self.String()}, func() { found.Add(1) })
			close(done)
		}()
		time.Sleep(time.Second)
		if found.Load() == 0 {
			t.Error("not found")
		}
		// The name may soon be another's, so it is resolved again.
		time.Sleep(3 * seedRetryMax)
		if n := found.Load(); n < 4 {
			t.Errorf("tried %d times in half a minute", n)
		}
		cancel()
		<-done
	})
}

// TestReturnStopsWhenSomebodyIsAMember, be it one of the known or anybody.
func TestReturnStopsWhenSomebodyIsAMember(t *testing.T) {
	for _, who := range []netip.AddrPort{alice, dave} {
		inWorld(t, func(w *world) {
			began := time.Now()
			done := make(chan time.Duration, 1)
			go func() {
				w.Return(context.Background(), []netip.AddrPort{alice, bob})
				done <- time.Since(began)
			}()
			time.Sleep(time.Minute)
			if sent := w.take(); len(of(sent, "greet", alice)) == 0 || len(of(sent, "greet", bob)) == 0 {
				t.Error("the known are not greeted")
			}
			if w.lives(who, 7); who == dave {
				w.event(up(dave, 7))
			}
			if took := <-done; took > time.Minute+4*seedRetryMax {
				t.Errorf("ended after %v", took)
			}
			w.want(who, member.Alive)
		})
	}
}

func TestReturnGivesUp(t *testing.T) {
	inWorld(t, func(w *world) {
		began := time.Now()
		w.Return(context.Background(), nil) // nobody is known
		if time.Since(began) != 0 {
			t.Error("it waits for nobody")
		}
		w.Return(context.Background(), []netip.AddrPort{alice})
		if took := time.Since(began); took < reconnectTimeout || took > reconnectTimeout+time.Minute {
			t.Errorf("given up after %v", took)
		}
	})
}

// TestReturnTriesAFewAtATime: a large cluster is not all greeted at once.
func TestReturnTriesAFewAtATime(t *testing.T) {
	inWorld(t, func(w *world) {
		var known []netip.AddrPort
		for i := range 1000 {
			known = append(known, nth(i))
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			w.Return(ctx, known)
			close(done)
		}()
		greeted := map[netip.AddrPort]bool{}
		for _, p := range w.lasts(2 * time.Second) {
			if p.what == "greet" {
				greeted[p.to] = true
			}
		}
		if len(greeted) != returnTries {
			t.Errorf("%d are greeted at first", len(greeted))
		}
		cancel()
		<-done
	})
}
