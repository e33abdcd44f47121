// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

func death(heartbeat uint32) datagram.Entry {
	return datagram.Entry{Status: datagram.Dead, Addr: bob, Heartbeat: heartbeat}
}

// TestDeathByHearsayIsDoubted: the member is asked first, and when it answers, the
// death is never heard.
func TestDeathByHearsayIsDoubted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.silence()
		w.gossip(alice, 1, death(1))
		if sent := w.take(); len(of(sent, "greet", bob)) != 1 {
			t.Errorf("sent %+v, want one greeting", sent)
		}
		w.sleep(10 * detect.ConfirmTime)
		if got := w.entries(); len(got) != 0 {
			t.Errorf("Smudge has heard %v", got)
		}
		if c := w.counted(); c["accusations"] != 1 || c["accusations_refuted"] != 1 {
			t.Errorf("counted %v", c)
		}
		w.want(bob, member.Alive)
	})
}

// TestDeathIsBelievedWhenNobodyAnswers, within detect.ConfirmTime, and once, one that reports
// it meanwhile.
func TestDeathIsBelievedWhenNobodyAnswers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.silence()
		w.dies(bob)
		dies := death(7)
		dies.Source = alice
		w.gossip(alice, 1, dies)
		w.gossip(carol, 1, dies)
		sent := w.lasts(detect.ConfirmTime - time.Millisecond)
		if n := len(of(sent, "greet", bob)); n != int(detect.ConfirmTime/detect.ConfirmInterval) {
			t.Errorf("greeted %d times", n)
		}
		if got := w.entries(); len(got) != 0 {
			t.Errorf("Smudge has heard %v too early", got)
		}
		w.sleep(time.Millisecond)
		if got := w.entries(); !slices.Equal(got, []datagram.Entry{dies}) {
			t.Errorf("Smudge has heard %v", got)
		}
		got := w.noted().delivered
		last := got[len(got)-1]
		if last.from != alice || last.verb != datagram.Ack {
			t.Errorf("it was delivered as %v from %s", last.verb, last.from)
		}
	})
}

// TestMemberThatSpeaksDeniesItsDeath: not only an answer to a greeting does.
func TestMemberThatSpeaksDeniesItsDeath(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.silence()
		w.dies(bob)
		w.gossip(alice, 1, death(1))
		w.sleep(detect.ConfirmInterval)
		w.ping(bob, 1)
		w.sleep(10 * detect.ConfirmTime)
		if got := w.entries(); len(got) != 0 {
			t.Errorf("Smudge has heard %v", got)
		}
	})
}

func TestDeathIsNotDoubtedWhenWeSuspectItOurselves(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.dies(bob)
		w.silence()
		w.status(bob, datagram.Suspected, self)
		w.gossip(alice, 1, death(1))
		if got := w.entries(); len(got) != 1 {
			t.Errorf("Smudge has heard %v", got)
		}
	})
}

func TestDeathOfAPlainMemberIsNotDoubted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.plainMember(bob)
		w.sleep(time.Minute)
		w.forgetAll()
		w.gossip(alice, 1, death(1))
		if got := w.entries(); len(got) != 1 || len(of(w.take(), "greet", bob)) != 0 {
			t.Errorf("Smudge has heard %v", got)
		}
	})
}

// TestSuspicionByHearsayIsDoubted as a death is; and a death that is heard of
// meanwhile takes its place.
func TestSuspicionByHearsayIsDoubted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.silence()
		suspicion := datagram.Entry{Status: datagram.Suspected, Addr: bob, Heartbeat: 1}
		w.gossip(alice, 1, suspicion)
		if w.sleep(10 * detect.ConfirmTime); len(w.entries()) != 0 {
			t.Errorf("Smudge has heard %v", w.entries())
		}
		w.dies(bob)
		w.silence()
		w.gossip(alice, 1, suspicion)
		w.gossip(alice, 1, death(1))
		w.sleep(detect.ConfirmTime)
		if got := w.entries(); !slices.Equal(got, []datagram.Entry{death(1)}) {
			t.Errorf("Smudge has heard %v", got)
		}
		// It has just failed to answer, and is not asked again.
		w.gossip(alice, 1, death(2))
		if got := w.entries(); len(got) != 2 {
			t.Errorf("Smudge has heard %v", got)
		}
	})
}

// TestDeathIsDoubtedAfterASuspicionOfOurs is over: Smudge names this node, not the
// member, as the one that found it alive.
func TestDeathIsDoubtedAfterASuspicionOfOurs(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.status(bob, datagram.Suspected, self)
		w.status(bob, datagram.Alive, self)
		w.silence()
		w.gossip(alice, 1, death(1))
		w.sleep(10 * detect.ConfirmTime)
		if got := w.entries(); len(got) != 0 {
			t.Errorf("Smudge has heard %v", got)
		}
	})
}

// TestDeathOfAnOldLifeIsNotBelieved: the member comes back, or speaks, just when it is.
func TestDeathOfAnOldLifeIsNotBelieved(t *testing.T) {
	for name, back := range map[string]func(w *world){
		"a new life": func(w *world) { w.event(up(bob, 77)) },
		"a word":     func(w *world) { w.ping(bob, 1) },
		"a leave":    func(w *world) { w.event(leaves(bob, w.open[bob])) },
	} {
		inWorld(t, func(w *world) {
			w.member(alice, bob)
			w.silence()
			w.dies(bob)
			w.gossip(alice, 1, death(1))
			w.sleep(detect.ConfirmTime - detect.ConfirmInterval/2)
			back(w)
			w.sleep(detect.ConfirmTime)
			if got := w.entries(); len(got) != 0 {
				t.Errorf("%s: Smudge has heard %v", name, got)
			}
		})
	}
}

// TestBelievedDeathIsRestated as of now, or Smudge would drop it as older than its own
// suspicion: whether it was confirmed, or this node suspects the member itself.
func TestBelievedDeathIsRestated(t *testing.T) {
	for _, own := range []bool{true, false} {
		inWorld(t, func(w *world) {
			w.member(alice, bob, carol)
			w.dies(bob)
			w.silence()
			if own {
				w.status(bob, datagram.Suspected, self)
			}
			w.ping(alice, 9)
			w.gossip(alice, 8, death(3))
			w.sleep(detect.ConfirmTime)
			if got := w.entries(); !slices.Equal(got, []datagram.Entry{death(9)}) {
				t.Errorf("own suspicion %v: Smudge has heard %v, want the death at 9", own, got)
			}
		})
	}
}
