// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/operator"
)

// operated gives a world an operator, whose signatures it returns.
func operated(t *testing.T, w *world) (sign func(a netip.AddrPort, session uint64) []byte) {
	t.Helper()
	dir := t.TempDir()
	private, public := operator.Generate()
	for name, text := range map[string]string{"private": private, "public": public} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	key, err := operator.ReadPrivate(filepath.Join(dir, "private"))
	if err != nil {
		t.Fatal(err)
	}
	if w.cfg.Operators, err = operator.ReadKeys(filepath.Join(dir, "public")); err != nil {
		t.Fatal(err)
	}
	return func(a netip.AddrPort, session uint64) []byte {
		return key.SignRemoval(operator.Removal{Cluster: w.cfg.Self.Cluster, Member: a, Session: session})
	}
}

// TestOnlySignedRemovalsCount: not a member's word, in any of its forms, about another or about
// this node.
func TestOnlySignedRemovalsCount(t *testing.T) {
	inWorld(t, func(w *world) {
		sign := operated(t, w)
		w.member(alice, bob)
		session := w.hosts[bob].session
		says := func(target netip.AddrPort, session uint64, signature []byte) {
			w.event(wire.Event{Kind: wire.Received, Addr: alice, Channel: RemovalChannel, Data: removed{target, session, string(signature)}.encode()})
		}
		says(bob, session, nil)
		says(bob, 0, nil)
		says(bob, 0, sign(bob, 0))
		says(bob, session, sign(bob, session+1))
		says(bob, session, sign(alice, session))
		says(self, w.cfg.Self.Session, nil)
		w.event(wire.Event{Kind: wire.Received, Addr: alice, Channel: RecordsChannel, Data: recordList{
			records: []record{endedRecord(recordRemoved, bob, session, 0), endedRecord(recordRemoved, self, w.cfg.Self.Session, 0)},
		}.encode()[0]})
		w.want(bob, member.Alive)
		w.want(alice, member.Alive)
		m := map[string]uint64{}
		if w.Counters(m); m["unsigned_removals"] != 6 {
			t.Errorf("counted %d, want 6", m["unsigned_removals"])
		}
		if err := w.Remove(w.now, bob, nil, false); !errors.Is(err, operator.ErrUnsigned) {
			t.Errorf("unsigned: %v", err)
		}
		w.want(bob, member.Alive)
		says(bob, session, sign(bob, session))
		w.want(bob, 0)
		// It is told so when it returns, with what proves it.
		w.take()
		w.open[bob] = session // it has opened another
		w.event(up(bob, session))
		if told := of(w.take(), "remove", bob); len(told) != 1 || string(told[0].b) != string(sign(bob, session)) {
			t.Errorf("told %+v", told)
		}
		// In another session it may enter.
		w.event(up(bob, session+1))
		w.want(bob, member.Alive)
		says(bob, session, sign(bob, session))
		w.want(bob, member.Alive)
	})
}

// TestSignedRemovalsTravel: to a member that missed one, when the two compare what they know.
func TestSignedRemovalsTravel(t *testing.T) {
	inWorld(t, func(w *world) {
		sign := operated(t, w)
		w.member(alice, bob)
		session := w.hosts[bob].session
		signature := sign(bob, session)
		if err := w.Remove(w.now, bob, signature, false); err != nil {
			t.Fatal(err)
		}
		w.take()
		w.event(wire.Event{Kind: wire.Received, Addr: alice, Channel: RecordsChannel, Data: recordList{ask: true, buckets: ^spread.Mask(0)}.encode()[0]})
		found := 0
		for _, s := range w.take() {
			if s.what == "remove" && s.to == alice && string(s.b) == string(signature) {
				found++
			}
		}
		if found != 1 {
			t.Errorf("sent %d times", found)
		}
	})
}

// TestRemovedNodeJoinsItsSeedsLater, by itself, and not before.
func TestRemovedNodeJoinsItsSeedsLater(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.event(removes(alice, self, w.cfg.Self.Session))
		if _, err := w.Join(w.now, bob, false); !errors.Is(err, ErrNotMember) {
			t.Errorf("at once: %v", err)
		}
		w.sleep(SeedsAfterRemoval - time.Second)
		if _, err := w.Join(w.now, bob, false); !errors.Is(err, ErrNotMember) {
			t.Errorf("a second before: %v", err)
		}
		w.sleep(time.Second)
		if pending, err := w.Join(w.now, bob, false); err != nil || !pending {
			t.Errorf("later: %v, %v", pending, err)
		}
	})
}
