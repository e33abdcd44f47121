// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/smudgenode"
)

// TestPingMakesNoMember of who answers, whichever language it speaks.
func TestPingMakesNoMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lives(alice, 7).delay = 3 * time.Millisecond
		w.plain(bob).delay = 5 * time.Millisecond
		if a, trip, err := w.Ping(context.Background(), alice.String()); a != alice || trip != 3*time.Millisecond || err != nil {
			t.Errorf("Ping = %v, %v, %v", a, trip, err)
		}
		if a, trip, err := w.Ping(context.Background(), bob.String()); a != bob || trip != 5*time.Millisecond || err != nil {
			t.Errorf("Ping = %v, %v, %v", a, trip, err)
		}
		sent := w.take()
		if len(of(sent, "probe", alice)) != 1 || len(of(sent, "greet", alice)) != 0 {
			t.Errorf("sent %+v", sent)
		}
		if got := verbs(sent, "bare", bob); len(got) != 1 || got[0] != datagram.NFPing {
			t.Errorf("sent %v", got)
		}
		w.want(alice, 0)
		w.want(bob, 0)
	})
}

// TestPingTakesTheFirstAnswer: of a node that answers both, and the other later.
func TestPingTakesTheFirstAnswer(t *testing.T) {
	for _, bareFirst := range []bool{false, true} {
		inWorld(t, func(w *world) {
			h := w.lives(alice, 7)
			h.delay = 10 * time.Millisecond
			go func() {
				if !bareFirst {
					time.Sleep(50 * time.Millisecond)
				}
				time.Sleep(2 * time.Millisecond)
				w.mu.Lock()
				d, _ := datagram.Parse(of(w.sent, "bare", alice)[0].b, datagram.IPv4)
				w.mu.Unlock()
				w.bare(alice, datagram.Ack, d.Heartbeat())
			}()
			want := 10 * time.Millisecond
			if bareFirst {
				want = 2 * time.Millisecond
			}
			if _, trip, err := w.Ping(context.Background(), alice.String()); trip != want || err != nil {
				t.Errorf("Ping = %v, %v, want %v", trip, err, want)
			}
			time.Sleep(time.Minute) // the other one is nobody's
		})
	}
}

// TestPingAsksAMemberBySession alone.
func TestPingAsksAMemberBySession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		if _, _, err := w.Ping(context.Background(), alice.String()); err != nil {
			t.Error(err)
		}
		if sent := w.take(); len(of(sent, "bare", alice)) != 0 || len(of(sent, "probe", alice)) != 1 {
			t.Errorf("sent %+v", sent)
		}
	})
}

func TestPingErrors(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lives(carol, 9).foreign = true
		ctx, cancel := context.WithTimeout(context.Background(), 3500*time.Millisecond)
		defer cancel()
		if _, _, err := w.Ping(ctx, bob.String()); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("Ping = %v, want %v", err, ErrNoAnswer)
		}
		if n := len(of(w.take(), "probe", bob)); n != 4 {
			t.Errorf("asked %d times in 3.5 s", n)
		}
		if w.take(); len(w.waiting.pings) != 0 {
			t.Errorf("%d pings are left", len(w.waiting.pings))
		}
		if _, _, err := w.Ping(context.Background(), self.String()); !errors.Is(err, ErrSelf) {
			t.Errorf("Ping = %v, want %v", err, ErrSelf)
		}
		if _, _, err := w.Ping(context.Background(), carol.String()); !errors.Is(err, ErrForeign) {
			t.Errorf("Ping = %v, want %v", err, ErrForeign)
		}
		if w.log.count("another cluster") != 0 {
			t.Error("who is only asked is logged")
		}
	})
}

// TestPingOfItself under another address.
func TestPingOfItself(t *testing.T) {
	inWorld(t, func(w *world) {
		go func() {
			time.Sleep(time.Millisecond)
			w.mu.Lock()
			nonce := w.nonce
			w.mu.Unlock()
			w.event(itself(alice, nonce))
		}()
		if _, _, err := w.Ping(context.Background(), alice.String()); !errors.Is(err, ErrSelf) {
			t.Errorf("Ping = %v, want %v", err, ErrSelf)
		}
	})
}

func TestPingMeasuresThePingThatWasAnswered(t *testing.T) {
	inWorld(t, func(w *world) {
		go func() {
			time.Sleep(1100 * time.Millisecond) // the first is lost
			sent := of(w.take(), "bare", alice)
			d, _ := datagram.Parse(sent[len(sent)-1].b, datagram.IPv4)
			w.bare(alice, datagram.Ack, d.Heartbeat())
		}()
		_, trip, err := w.Ping(context.Background(), alice.String())
		if err != nil || trip != 100*time.Millisecond {
			t.Errorf("Ping = %v, %v; want 100 ms", trip, err)
		}
	})
}

func TestPingsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range 2 * maxPings { // two questions each
			w.waiting.pings[ping{to: alice, heartbeat: uint32(i)}] = make(chan pong, 1)
		}
		if _, _, err := w.Ping(context.Background(), bob.String()); !errors.Is(err, ErrTooMany) {
			t.Errorf("error %v", err)
		}
	})
}

// TestPeersTellTheRoundTrip: smoothed where there is a session, Smudge's last one
// where there is none; and loss where it is known.
func TestPeersTellTheRoundTrip(t *testing.T) {
	inWorld(t, func(w *world) {
		w.trips[alice] = 3 * time.Millisecond
		w.states[alice] = smudgenode.State{Age: time.Second, EmitCounter: 2, PingMillis: 9, Timestamp: 5}
		w.states[bob] = smudgenode.State{PingMillis: 7}
		w.states[carol] = smudgenode.State{PingMillis: 8} // with a session, and no round trip of its own yet
		w.plainMember(bob)
		w.member(carol)
		synctest.Wait()
		p := w.Peers()
		if want := (PeerState{Age: time.Second, EmitCounter: 2, PingMillis: 9, Timestamp: 5, RoundTrip: 3 * time.Millisecond, LossFrames: 60}); p[alice] != want {
			t.Errorf("%+v, want %+v", p[alice], want)
		}
		if p[bob].RoundTrip != 7*time.Millisecond || p[carol].RoundTrip != 0 {
			t.Errorf("round trips %v and %v", p[bob].RoundTrip, p[carol].RoundTrip)
		}
		if l := p[bob].Loss; l == nil || *l != 0.25 || p[carol].Loss != nil {
			t.Errorf("loss %v and %v", l, p[carol].Loss)
		}
	})
}
