// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"net/netip"
	"testing"
	"time"

	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// TestNothingIsSentTwiceWhileTheWireHasIt: neither is a question repeated, nor an answer to a question that is.
func TestNothingIsSentTwiceWhileTheWireHasIt(t *testing.T) {
	const life = 3 * time.Second
	w := newNetwork(t, 2, 0)
	w.answer(1)
	for _, s := range w.order {
		s.cfg.Lifetime = life
	}
	asker, member := w.order[0], w.order[1]
	member.answer = func(e Event) {
		w.after(life-100*time.Millisecond, func() { member.Answer(w.now, e.To, e.ID, e.Payload, "") })
	}
	q := w.ask(0, Query{Timeout: time.Minute, Targets: []Target{{Addr: member.addr, Matches: true}}})
	w.run(life + time.Second)
	if r := w.of(0, q); r.done == nil || len(r.answers) != 1 || w.frames != 3 { // question, confirmation, answer
		t.Fatalf("%d frames, %+v", w.frames, r)
	}

	// The answer is lost. An asker of an earlier version repeats the question, and gets none until the wire has given up.
	again := func() int {
		before := w.frames
		member.Asked(w.now, asker.addr, q, &peerv1.UserQuestion{Topic: "t", TimeoutMs: 30_000})
		w.run(time.Millisecond)
		return w.frames - before
	}
	if n := again(); n != 0 {
		t.Errorf("%d frames while the answer is under way", n)
	}
	w.run(life)
	if n := again(); n != 1 {
		t.Errorf("%d frames after the wire has given it up, want 1", n)
	}

	// The question is lost: it is repeated then, and not before.
	w.refuses = nil
	w.loss = 1
	before := w.frames
	q = w.ask(0, Query{Timeout: time.Minute, Targets: []Target{{Addr: member.addr, Matches: true}}})
	w.run(life - time.Millisecond)
	w.loss = 0
	if n := w.frames - before; n != 1 {
		t.Errorf("%d questions while the wire has the first", n)
	}
	member.answer = nil
	w.run(100 * time.Millisecond)
	if r := w.of(0, q); r.done == nil || len(r.answers) != 1 {
		t.Errorf("%+v", r)
	}
	w.clean()
}

// TestAbandonedAnswerComesAgain: what the wire gave up, since the member took the asker for dead, is not under way.
func TestAbandonedAnswerComesAgain(t *testing.T) {
	w := newNetwork(t, 2, 0)
	w.answer(1)
	w.answer(1)
	asker, member := w.order[0], w.order[1]
	live := true
	member.cfg.Lifetime, member.cfg.Live = time.Hour, func(netip.AddrPort) bool { return live }
	again := func() int {
		before := w.frames
		member.Asked(w.now, asker.addr, 1, &peerv1.UserQuestion{Topic: "t", TimeoutMs: 30_000})
		w.run(time.Millisecond)
		return w.frames - before
	}
	var second Event
	answers := 0
	member.answer = func(e Event) {
		if answers++; answers == 2 {
			second = e
			return
		}
		member.Answer(w.now, e.To, e.ID, e.Payload, "")
	}
	again()
	w.run(time.Second)
	if n := again(); n != 0 {
		t.Fatalf("%d frames while the answer is under way", n)
	}
	live = false
	member.Gone(w.now, asker.addr, "it is dead")
	member.Answer(w.now, second.To, second.ID, second.Payload, "") // sent once
	live = true
	if n := again(); n != 2 {
		t.Errorf("%d frames after the asker was taken for dead, want both answers", n)
	}
	if n := again(); n != 0 {
		t.Errorf("%d frames while they are under way again", n)
	}
}

// TestConfirmationInTime: a member confirms a question before the asker gives up, however short that waits.
func TestConfirmationInTime(t *testing.T) {
	w := newNetwork(t, 2, 0)
	w.answer(1)
	w.order[1].answer = func(Event) {} // never
	q := w.ask(0, Query{Timeout: 20 * time.Millisecond, Targets: []Target{{Addr: at(2), Matches: true}}})
	w.run(time.Second)
	if r := w.of(0, q); r.failures[at(2).String()+"/0"] != Timeout {
		t.Errorf("%+v", r)
	}
	w.clean()
}

// TestAnswersOfASleeperCount: a node that stood still beyond the end of a query takes the answers that came meanwhile.
func TestAnswersOfASleeperCount(t *testing.T) {
	w := newNetwork(t, 3, 0)
	w.answer(1)
	asker := w.order[0]
	q := w.ask(0, Query{Timeout: time.Second, Targets: []Target{{Addr: at(2), Matches: true}, {Addr: at(3), Matches: true}}})
	asker.down = true
	w.order[2].down = true
	w.run(3 * time.Second)
	asker.down = false
	asker.Tick(w.now) // before what waits to be read
	w.collect()
	if r := w.of(0, q); r.done != nil {
		t.Fatalf("it ended: %+v", r)
	}
	asker.Answered(w.now, at(2), q, &peerv1.UserAnswer{Answerers: 1, Answerer: number(0), Payload: []byte("x")}, "")
	w.now = w.now.Add(graceMost + time.Second)
	asker.Tick(w.now) // late again
	w.collect()
	if r := w.of(0, q); r.done == nil || len(r.answers) != 1 || r.failures[at(3).String()+"/-1"] != NoWay {
		t.Errorf("%+v", r)
	}
}
