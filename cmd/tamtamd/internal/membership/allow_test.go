// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// outside is in none of the networks of these tests.
var outside = netip.MustParseAddrPort("198.51.100.1:9999")

func allowed() netaddr.Networks { return netaddr.Networks{netip.MustParsePrefix("192.0.2.0/24")} }

// TestAllow: who is in none of the networks is not greeted, even if a member names it, and is no member.
func TestAllow(t *testing.T) {
	inWorld(t, func(w *world) {
		w.SetAllow(allowed())
		w.carryOut()
		w.member(alice)
		w.lives(outside, 77)
		w.forgetAll()

		w.tell(alice, outside, bob)
		w.says(alice, record{recordAlive, outside, 77, 0})
		w.Consider(w.now, outside)
		if _, err := w.Core.Join(w.now, outside, true); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("join: %v", err)
		}
		w.sleep(5 * time.Second)
		sent := w.take()
		if len(of(sent, "greet", outside))+len(of(sent, "bare", outside)) != 0 || len(of(sent, "greet", bob)) == 0 {
			t.Errorf("sent %v", sent)
		}
		// If it got a session all the same, it is closed.
		w.admit(outside, member.Info{Session: 77}, 0, w.now)
		w.carryOut()
		if w.is(outside) != 0 {
			t.Error("it is a member")
		}
		if n := w.counted()["refused_not_allowed"]; n < 3 {
			t.Errorf("%d were counted", n)
		}
	})
}

// TestSetAllow: a change removes the members that are not allowed any more, and lets others in.
func TestSetAllow(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, outside)
		w.SetAllow(allowed())
		w.carryOut()
		if w.is(outside) != 0 || w.is(alice) != member.Alive {
			t.Errorf("members %v", w.Live())
		}
		w.SetAllow(nil)
		w.carryOut()
		w.member(outside)
		if w.is(outside) != member.Alive {
			t.Error("it is not let in again")
		}
	})
}

// TestPlainNeedsTheFlag: without --plain, datagrams of plain Smudge nodes make no member, are
// not answered, and leave a count, a few lines of log and the last addresses.
func TestPlainNeedsTheFlag(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Plain = false
		w.member(alice)
		w.plain(bob)
		w.forgetAll()
		const tries = 1000
		for i := range tries {
			w.bareFrom(nth(i), datagram.Ping, uint32(i))
			w.bareFrom(bob, datagram.Ack, uint32(i)) // a guess
		}
		if sent := w.take(); len(sent) != 0 {
			t.Errorf("answered: %v", sent)
		}
		w.Consider(w.now, bob)
		w.sleep(5 * time.Second)
		if sent := w.take(); len(of(sent, "bare", bob)) != 0 {
			t.Errorf("it is pinged: %v", sent)
		}
		if w.is(bob) != 0 || w.known() != 1 {
			t.Errorf("members %v", w.Live())
		}
		if n := w.counted()["dropped_plain"]; n != 2*tries {
			t.Errorf("%d were counted", n)
		}
		if n := w.logged("plain Smudge datagram dropped"); n == 0 || n > logging.LimitBurst+3 || w.logged("--plain") == 0 {
			t.Errorf("%d lines: %s", n, w.log)
		}
		if n := len(w.RefusedPlain()); n == 0 || n > 256 {
			t.Errorf("%d addresses are remembered", n)
		}
	})
}
