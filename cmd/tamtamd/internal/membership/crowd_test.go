// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// phantom returns an address of a node that opens a session and is not there afterwards; they
// are of as many networks as it takes.
func phantom(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, byte(i % 17), 9}), uint16(i/17+1))
}

// crowdedWorld is a world with as many phantoms as there can be strangers.
func crowdedWorld(t *testing.T, f func(w *world)) {
	inWorld(t, func(w *world) {
		w.cfg.TakesClear = func() bool { return true }
		for i := range admission.MaxMembers {
			w.event(up(phantom(i), 7))
		}
		if n := w.known(); n != admission.MaxMembers-admission.Reserved {
			t.Fatalf("%d members", n)
		}
		f(w)
	})
}

// TestCrowdKeepsNobodyOut: when the table is full of strangers, seeds, members before a restart,
// and nodes of other addresses get in, and the table stays as large.
func TestCrowdKeepsNobodyOut(t *testing.T) {
	crowdedWorld(t, func(w *world) {
		before := w.known()
		w.event(up(carol, 7)) // who greets this node
		if w.is(carol) != member.Alive || w.known() != before || w.counted()["evicted_members"] != 1 {
			t.Errorf("a node of another address is %v, %d members, counted %v", w.is(carol), w.known(), w.counted())
		}
		w.lives(alice, 8)
		if err := w.joined(alice); err != nil || w.known() != before+1 {
			t.Errorf("a seed: %v, %d members", err, w.known())
		}
		// The attacker's next ones do not, as they would only push out their like.
		refused := w.counted()["refused_members"]
		for i := range 100 {
			w.event(up(phantom(admission.MaxMembers+i), 7))
		}
		if n := w.counted()["refused_members"] - refused; n < 90 || w.is(carol) != member.Alive {
			t.Errorf("%d of 100 more were refused", n)
		}
	})
}

// TestReservedRoom: even if none of the strangers gives way, those that are known get in.
func TestReservedRoom(t *testing.T) {
	crowdedWorld(t, func(w *world) {
		for _, p := range w.members.sorted {
			w.members.heard(p, p.admitted.Add(admission.ProvedAfter))
		}
		w.event(up(carol, 7))
		if w.is(carol) != 0 {
			t.Error("a stranger got in")
		}
		for i := range admission.Reserved {
			w.lives(nth(i), 8)
			if err := w.joined(nth(i)); err != nil {
				t.Fatalf("seed %d: %v", i, err)
			}
		}
		w.lives(bob, 8)
		if err := w.joined(bob); !errors.Is(err, ErrTooMany) || w.known() != admission.MaxMembers {
			t.Errorf("one more: %v, %d members", err, w.known())
		}
	})
}

// TestStrangersAreAskedInACrowd: strangers that were not heard since they became members are
// asked, and given up if they do not answer, those that died among them; who answers stays.
func TestStrangersAreAskedInACrowd(t *testing.T) {
	crowdedWorld(t, func(w *world) {
		w.event(up(carol, 7))
		w.lives(carol, 7) // and answers
		w.status(phantom(3), datagram.Dead, self)
		w.sleep(2 * time.Second)
		if w.Keeps(phantom(20)) {
			t.Error("a phantom is worth keeping for a restart")
		}
		w.sleep(2 * time.Minute)
		left := w.known()
		if left > crowdedUntil+1 || w.is(carol) != member.Alive {
			t.Errorf("%d members are left; the one that answers is %v", left, w.is(carol))
		}
		if n := w.counted()["strangers_given_up"]; n < 3900 {
			t.Errorf("counted %d", n)
		}
		if !w.Keeps(carol) || w.crowd != 0 {
			t.Error("and still a crowd")
		}
	})
}

// TestFewStrangersAreNotAsked: in a cluster of the usual size, nobody is asked without a need.
func TestFewStrangersAreNotAsked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.TakesClear = func() bool { return true }
		for i := range crowdedFrom {
			w.event(up(phantom(i), 7))
		}
		w.forgetAll()
		w.sleep(time.Minute)
		if n := w.counted()["strangers_given_up"]; n != 0 || w.known() != crowdedFrom || !w.Keeps(phantom(0)) {
			t.Errorf("%d were given up, %d members", n, w.known())
		}
	})
}

// TestNewcomerIsNotAskedByAllAtOnce: the others ask a newcomer in turns that differ, none before its answer is of
// use, and all in the end.
func TestNewcomerIsNotAskedByAllAtOnce(t *testing.T) {
	const nodes = 1000
	joined := time.Unix(1000, 0)
	var asked [2 * (firstTurn + strangersTime)]int // in each turn
	for i := range nodes {
		u := unasked{random: rand.New(rand.NewPCG(uint64(i), 1))}
		u.add(&peer{admitted: joined})
		for turn := range asked {
			asked[turn] += len(u.take(1, joined.Add(time.Duration(turn)*careInterval)))
		}
		if u.len != 0 {
			t.Fatalf("node %d never asks", i)
		}
	}
	for turn, n := range asked {
		if turn < firstTurn && n > 0 || n > 3*nodes/strangersTime {
			t.Errorf("%d of %d nodes ask after %d turns", n, nodes, turn)
		}
	}
}

// TestUnaskedAreBounded: strangers that come and go, or seem to, do not fill the lists.
func TestUnaskedAreBounded(t *testing.T) {
	u := unasked{random: rand.New(rand.NewPCG(1, 1))}
	u.add(&peer{})
	flaps := &peer{}
	for range 100_000 {
		goes := &peer{}
		u.add(goes)
		u.add(flaps)
		u.remove(goes)
		u.remove(flaps)
	}
	size := 0
	for _, list := range u.turns {
		size += len(list)
	}
	if most := 2*3 + unaskedSlack + 2; size > most || u.listed != size || u.len != 1 {
		t.Errorf("%d are in lists that may have %d; %d never asked", size, most, u.len)
	}
}
