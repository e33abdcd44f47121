// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// turn reports a change with what was before it.
func (w *world) turn(s, previous member.Status, info member.Info) {
	w.OnMember(member.Change{Member: member.Member{Addr: peer, Status: s, Info: info}, Previous: previous})
}

func (w *world) hears(session uint64) bool {
	w.Receive(peer, appendDigest(nil, flagMeet, []entry{{Stream{peer, session}, 0}}))
	w.Receive(peer, numbered(Stream{peer, session}, 1))
	m := map[uint64]bool{}
	for _, d := range w.core.store.last(-1, time.Time{}, func(Message) bool { return true }) {
		m[d.Session] = d.Origin == peer
	}
	return m[session]
}

// TestSuspectedMemberThatRestarted: a new session is not a member that has recovered.
func TestSuspectedMemberThatRestarted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.turn(member.Alive, 0, member.Info{Session: 2})
		w.turn(member.Suspected, member.Alive, member.Info{Session: 2})
		w.turn(member.Alive, member.Suspected, member.Info{Session: 5})
		if !w.hears(5) {
			t.Error("the new session is not heard")
		}
	})
}

// TestMemberThatIsFirstSuspected: it came in that state, and is well later.
func TestMemberThatIsFirstSuspected(t *testing.T) {
	inWorld(t, func(w *world) {
		w.turn(member.Suspected, 0, member.Info{Session: 2})
		w.turn(member.Alive, member.Suspected, member.Info{Session: 2})
		if !w.hears(2) {
			t.Error("it is not heard")
		}
	})
}

// TestMemberThatLearntMoreIsNotMetAgain: a change that is not of its session leaves what
// it still lacks.
func TestMemberThatLearntMoreIsNotMetAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.turn(member.Alive, 0, member.Info{Session: 2})
		_, _ = w.Send(context.Background(), Request{})
		w.turn(member.Alive, member.Alive, member.Info{Session: 2, MaxPayload: 100, Version: "v2"})
		if have, missing := w.core.Have(1); have != 0 || len(missing) != 1 {
			t.Errorf("%d have it, %v do not", have, missing)
		}
		if w.Limit() != 100 {
			t.Errorf("the limit is %d", w.Limit())
		}
	})
}

// TestSuspectedMemberIsNotWaitedFor by Send when all others have room.
func TestSuspectedMemberIsNotWaitedFor(t *testing.T) {
	inWorld(t, func(w *world) {
		w.turn(member.Alive, 0, member.Info{Session: 2})
		for range Window {
			_, _ = w.Send(context.Background(), Request{})
		}
		go func() {
			time.Sleep(time.Second)
			w.turn(member.Suspected, member.Alive, member.Info{Session: 2})
		}()
		began := time.Now()
		if _, err := w.Send(context.Background(), Request{}); err != nil || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		w.turn(member.Alive, member.Suspected, member.Info{Session: 2})
		if w.core.HasCapacity(time.Now()) {
			t.Error("a member that is well again is not waited for")
		}
	})
}

// TestPlainMemberThatGetsASession is none any more, and the other way about.
func TestPlainMemberThatGetsASession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.turn(member.Alive, 0, member.Info{})
		w.turn(member.Alive, member.Alive, member.Info{Session: 2, MaxPayload: 100})
		_, _ = w.Send(context.Background(), Request{})
		synctest.Wait()
		if w.bare[peer] != 0 || w.sent[peer] != 1 {
			t.Errorf("%d plain ones, %d others", w.bare[peer], w.sent[peer])
		}
		w.turn(member.Alive, member.Alive, member.Info{})
		_, _ = w.Send(context.Background(), Request{})
		synctest.Wait()
		if w.bare[peer] != 1 || w.sent[peer] != 1 || w.Limit() != 256 {
			t.Errorf("%d plain ones, %d others, limit %d", w.bare[peer], w.sent[peer], w.Limit())
		}
	})
}
