// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

func TestJoinErrors(t *testing.T) {
	for _, c := range []struct {
		address string
		want    error
	}{
		{alice.String(), ErrNoAnswer},
		{bob.String(), ErrForeign},
		{"192.0.2.1", ErrSelf}, // the node's own port is the default
		{"", ErrBadAddress},
		{"192.0.2.2:0", ErrBadAddress},
		{"[2001:db8::1]:9999", ErrBadAddress},
		{"0.0.0.0:1", ErrBadAddress},
		{"224.0.0.1:1", ErrBadAddress},
	} {
		inWorld(t, func(w *world) {
			w.lives(bob, 8).foreign = true
			r := w.Join(context.Background(), []string{c.address})
			if len(r) != 1 || !errors.Is(r[0].Err, c.want) || r[0].Address != c.address || len(r[0].Members) != 0 {
				t.Errorf("Join(%q) = %+v, want %v", c.address, r, c.want)
			}
			if w.take(); len(w.waiting.joins) != 0 || w.counted()["candidates"] != 0 {
				t.Errorf("Join(%q) left something behind", c.address)
			}
		})
	}
}

func TestJoinGivesUpWithItsContext(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		if r := w.Join(ctx, []string{alice.String()}); !errors.Is(r[0].Err, ErrNoAnswer) {
			t.Errorf("error %v", r[0].Err)
		}
		if w.take(); len(w.waiting.joins) != 0 {
			t.Error("a waiter is left")
		}
	})
}

func TestJoinSome(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lives(bob, 8)
		r := w.Join(context.Background(), []string{alice.String(), bob.String(), bob.String()})
		if r[0].Err == nil || r[1].Err != nil || r[2].Err != nil || !slices.Equal(r[1].Members, []netip.AddrPort{bob}) {
			t.Errorf("got %+v", r)
		}
		if w.status(bob) != member.Alive {
			t.Error("joined, and not listed when Join returns")
		}
	})
}

// TestForeignIsLoggedOnceAMinute, however often it asks.
func TestForeignIsLoggedOnceAMinute(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lives(bob, 8).foreign = true
		join := func() {
			if r := w.Join(context.Background(), []string{bob.String()}); !errors.Is(r[0].Err, ErrForeign) {
				t.Errorf("error %v", r[0].Err)
			}
			w.take() // what is logged, is logged
		}
		for range 10 {
			join()
		}
		if n := w.log.count("another cluster"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		time.Sleep(time.Minute)
		if join(); w.log.count("another cluster") != 2 {
			t.Error("not logged a minute later")
		}
	})
}

// TestMovedMovesTheWaiters: greeted at one address, the node says that it is at
// another, and is a member there.
func TestMovedMovesTheWaiters(t *testing.T) {
	for _, known := range []bool{false, true} {
		inWorld(t, func(w *world) {
			if w.lives(bob, 8); known {
				w.member(bob)
			}
			w.lives(alice, 8).moved = bob
			r := w.Join(context.Background(), []string{alice.String()})
			if r[0].Err != nil || !slices.Equal(r[0].Members, []netip.AddrPort{bob}) {
				t.Errorf("known %v: Join = %+v", known, r)
			}
			w.want(bob, member.Alive)
			w.want(alice, 0)
		})
	}
}

func TestMovedToNobody(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lives(alice, 8).moved = bob // who does not answer there
		if r := w.Join(context.Background(), []string{alice.String()}); !errors.Is(r[0].Err, ErrNoAnswer) {
			t.Errorf("Join = %+v", r)
		}
	})
}

func itself(a netip.AddrPort, nonce uint64) wire.Event {
	return wire.Event{Kind: wire.Itself, Addr: a, Nonce: nonce}
}

// TestItselfIsErrSelf: an address at which this node is reached, and is not known by.
func TestItselfIsErrSelf(t *testing.T) {
	inWorld(t, func(w *world) {
		done := make(chan []JoinResult, 1)
		go func() { done <- w.Join(context.Background(), []string{alice.String()}) }()
		w.take()
		w.event(itself(alice, 0))
		if r := <-done; !errors.Is(r[0].Err, ErrSelf) {
			t.Errorf("Join = %+v", r)
		}
		// Of all that its addresses say, that one is ourselves says least.
		if r := w.join(context.Background(), self.String(), false); !errors.Is(r.Err, ErrSelf) {
			t.Errorf("join = %+v", r)
		}
	})
}

func TestSetHeartbeat(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, d := range []time.Duration{0, -1, membership.MinHeartbeat - 1, membership.MaxHeartbeat + 1} {
			if err := w.SetHeartbeat(d); !errors.Is(err, ErrHeartbeat) {
				t.Errorf("SetHeartbeat(%v) = %v", d, err)
			}
		}
		before := w.DetectionTime()
		if err := w.SetHeartbeat(membership.MinHeartbeat); err != nil || w.Heartbeat() != membership.MinHeartbeat {
			t.Errorf("%v, heartbeat %v", err, w.Heartbeat())
		}
		want := before - detect.PingInterval(heartbeat, minPing) + detect.PingInterval(membership.MinHeartbeat, minPing)
		if after := w.DetectionTime(); after != want || after >= before {
			t.Errorf("the detection time is %v, and was %v before, want %v", after, before, want)
		}
	})
}

// TestMovedToWhereNobodyIsGreeted: who waits is told so, be it that the address was
// removed, or left just now.
func TestMovedToWhereNobodyIsGreeted(t *testing.T) {
	for name, end := range map[string]func(w *world){
		"removed": func(w *world) { _, _ = w.Remove(context.Background(), bob.String(), nil, false) },
		"left":    func(w *world) { w.event(left(bob, w.hosts[bob].session)) },
	} {
		inWorld(t, func(w *world) {
			w.member(bob)
			end(w)
			w.lives(alice, 8).moved = bob
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			began := time.Now()
			r := w.Join(ctx, []string{alice.String()})
			if r[0].Err == nil || time.Since(began) > time.Minute {
				t.Errorf("%s: Join = %+v after %v", name, r, time.Since(began))
			}
		})
	}
}

// TestRefusalNobodyAskedFor: anybody can send a hello of another cluster in a node's
// name. It ends no Join.
func TestRefusalNobodyAskedFor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lives(bob, 8).delay = 10 * time.Millisecond
		done := w.joining(bob)
		w.event(wire.Event{Kind: wire.Refused, Addr: bob})
		if r := <-done; r.Err != nil {
			t.Errorf("Join = %+v", r)
		}
		if w.log.count("another cluster") != 1 {
			t.Error("it is not logged")
		}
	})
}

// TestJoinTellsOfKeys: who is not answered is told that it may be for keys.
func TestJoinTellsOfKeys(t *testing.T) {
	for _, c := range []struct {
		name       string
		encryption wire.Encryption
		heard      bool
		want       string
	}{
		{"sealed", wire.EncryptRequire, false, "nobody is there, or it has other keys"},
		{"sealed, and others are there", wire.EncryptRequire, true, "packets came from there that cannot be decrypted with the keys of this node"},
		{"between", wire.EncryptAccept, false, "it has other keys, or its --encrypt is more than a step from this node's accept"},
		{"between, and others are there", wire.EncryptSend, true, "packets came from there that cannot be decrypted with the keys of this node"},
		{"open", wire.EncryptOff, false, "it has a keyring, and this node has none"},
		{"open, and sealed ones are there", wire.EncryptOff, true, "this node needs the keyring of the cluster"},
	} {
		inWorld(t, func(w *world) {
			w.encryption = c.encryption
			if c.heard {
				// From another port: a node behind NAT sends from any.
				w.event(wire.Event{Kind: wire.Unsealed, Addr: netip.AddrPortFrom(alice.Addr(), 7)})
			}
			r := w.Join(context.Background(), []string{alice.String()})
			if err := r[0].Err; !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), "key") > 2 {
				t.Errorf("%s: %v", c.name, err)
			}
			// What was heard long ago says nothing.
			time.Sleep(2 * time.Minute)
			r = w.Join(context.Background(), []string{alice.String()})
			if err := r[0].Err; c.heard && strings.Contains(err.Error(), c.want) {
				t.Errorf("%s, later: %v", c.name, err)
			}
			// Another failure has another reason.
			r = w.Join(context.Background(), []string{self.String()})
			if err := r[0].Err; err == nil || strings.Contains(err.Error(), "key") {
				t.Errorf("itself: %v", err)
			}
		})
	}
}
