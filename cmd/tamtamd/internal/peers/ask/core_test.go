// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestAll: all answer, this node too, and the query ends at once.
func TestAll(t *testing.T) {
	w := newNetwork(t, 5, 0)
	w.answer()
	q := w.ask(0, Query{Payload: []byte("x"), Targets: w.all()})
	w.run(10 * time.Millisecond)
	r := w.of(0, q)
	if r.done == nil || *r.done != (Sum{5, 5, 5}) || len(r.answers) != 5 || len(r.failures) != 0 || len(r.received) != 5 || r.answers[at(3).String()+"/0"] != "x" {
		t.Errorf("%+v", r)
	}
	w.clean()
}

// TestWhyNot: each member that does not answer has its reason.
func TestWhyNot(t *testing.T) {
	w := newNetwork(t, 7, 0)
	w.answer(0, 2, 3, 4)
	w.order[2].answer = func(e Event) { w.order[2].Answer(w.now, e.To, e.ID, nil, "broken") }
	w.order[3].answer = func(Event) {} // never
	w.order[4].answer = func(e Event) {
		w.after(100*time.Millisecond, func() { w.order[4].Unregister(w.now, e.To) })
	}
	w.order[5].down = true
	all := append(w.all(), Target{Addr: at(20), Gone: "it is dead", Matches: true}, Target{Addr: at(21), Plain: true, Matches: true})
	q := w.ask(0, Query{Targets: all})
	w.after(time.Second, func() { w.order[0].Gone(w.now, at(7), "it restarted") })
	w.order[6].down = true
	w.run(1900 * time.Millisecond)
	if r := w.of(0, q); r.done != nil {
		t.Fatalf("early: %+v", r)
	}
	w.run(200 * time.Millisecond)
	r := w.of(0, q)
	want := map[string]Reason{
		at(2).String() + "/-1": NoAnswerer, at(3).String() + "/0": Failed, at(4).String() + "/0": Timeout, at(5).String() + "/0": Ended,
		at(6).String() + "/-1": NoWay, at(7).String() + "/-1": Dead, at(20).String() + "/-1": Dead, at(21).String() + "/-1": Unsupported,
	}
	if fmt.Sprint(r.failures) != fmt.Sprint(want) || len(r.answers) != 1 || r.done == nil || *r.done != (Sum{9, 1, 1}) {
		t.Errorf("%v, want %v; %+v, %v", r.failures, want, r.done, r.answers)
	}
	w.clean()
}

// TestEarlierVersion: a node that knows no queries reports that it does not know the question.
func TestEarlierVersion(t *testing.T) {
	w := newNetwork(t, 2, 0)
	q := w.ask(0, Query{Targets: []Target{{Addr: at(2), Matches: true}}})
	if !w.order[0].Answered(w.now, at(2), q, nil, "this version does not know the question") {
		t.Error("the answer is not taken")
	}
	w.run(time.Millisecond)
	r := w.of(0, q)
	if r.failures[at(2).String()+"/-1"] != Unsupported || r.done == nil || *r.done != (Sum{1, 0, 0}) {
		t.Errorf("%+v", r)
	}
	if w.order[0].Answered(w.now, at(2), q, nil, "") {
		t.Error("a query that has ended takes an answer")
	}
	// What it is given is a question that it can read, of a kind that it does not know.
	var old peerv1.Question
	b := EncodeQuestion(1, &peerv1.UserQuestion{Topic: "t"})
	if err := proto.Unmarshal(b[tokenSize:], &old); err != nil || old.GetKeys() != nil || old.GetInspect() != nil || old.GetLinks() != nil {
		t.Errorf("%v, %v", &old, err)
	}
}

// TestTags: the tags of the receiver decide; for the silent, those that the asker knows.
func TestTags(t *testing.T) {
	w := newNetwork(t, 5, 0)
	w.answer()
	w.order[1].tags = "role=web\n"
	w.order[2].tags = "role=db\n" // the asker believes it is web
	w.order[3].down, w.order[4].down = true, true
	targets := []Target{{Addr: at(1)}, {Addr: at(2)}, {Addr: at(3), Matches: true}, {Addr: at(4), Matches: true}, {Addr: at(5)}, {Addr: at(9), Plain: true}, {Addr: at(8), Gone: "it is dead"}}
	q := w.ask(0, Query{Targets: targets, Tags: []*peerv1.TagCondition{{Key: "role", Pattern: "w*"}}})
	w.run(3 * time.Second)
	r := w.of(0, q)
	if len(r.answers) != 1 || len(r.failures) != 1 || r.failures[at(4).String()+"/-1"] != NoWay || *r.done != (Sum{2, 1, 1}) {
		t.Errorf("%+v, %+v", r, r.done)
	}
}

// TestNobody: a query that nobody is asked ends at once.
func TestNobody(t *testing.T) {
	w := newNetwork(t, 2, 0)
	w.answer()
	for _, q := range []Query{{}, {Targets: w.all(), Tags: []*peerv1.TagCondition{{Key: "a", Pattern: "b"}}}} {
		token := w.ask(0, q)
		w.run(10 * time.Millisecond)
		if r := w.of(0, token); r.done == nil || r.done.Asked != 0 || len(r.failures) != 0 {
			t.Errorf("%+v", r)
		}
	}
}

// TestSeveral: all programs of a node answer, and of those that share a topic one, in turn.
func TestSeveral(t *testing.T) {
	w := newNetwork(t, 2, 0)
	b := w.order[1]
	for _, share := range []bool{false, true, true, true} {
		if _, err := b.Register([]string{"t", "u"}, share); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 6 {
		q := w.ask(0, Query{Payload: fmt.Append(nil, "x"), Targets: []Target{{Addr: at(2), Matches: true}}})
		w.run(10 * time.Millisecond)
		if r := w.of(0, q); r.done == nil || *r.done != (Sum{1, 1, 2}) || r.received[at(2)] != 2 {
			t.Errorf("query %d: %+v", i, r)
		}
	}
	for id, want := range map[int]int{1: 6, 2: 2, 3: 2, 4: 2} {
		if got := b.asked[fmt.Sprintf("x to %d", id)]; got != want {
			t.Errorf("program %d got %d questions, want %d", id, got, want)
		}
	}
	w.clean()
}

// TestAnswersAreTakenOnce: also if a program answers twice, late, or another's question.
func TestAnswersAreTakenOnce(t *testing.T) {
	w := newNetwork(t, 2, 0)
	w.answer(1)
	b := w.order[1]
	other, _ := b.Register([]string{"u"}, false)
	var last Event
	b.answer = func(e Event) {
		last = e
		b.Answer(w.now, other, e.ID, []byte("forged"), "")
		b.Answer(w.now, e.To, e.ID, []byte("one"), "")
		b.Answer(w.now, e.To, e.ID, []byte("two"), "")
	}
	q := w.ask(0, Query{Targets: []Target{{Addr: at(2), Matches: true}}})
	w.run(time.Second)
	b.Answer(w.now, last.To, last.ID, []byte("three"), "")
	w.order[0].Answered(w.now, at(1), q, &peerv1.UserAnswer{Answerers: 1, Answerer: proto.Uint32(0)}, "")
	if r := w.of(0, q); len(r.answers) != 1 || r.answers[at(2).String()+"/0"] != "one" {
		t.Errorf("%+v", r)
	}
}

// TestLies: what a member says of itself harms nobody else, and not the asker.
func TestLies(t *testing.T) {
	w := newNetwork(t, 3, 0)
	w.answer(2)
	w.order[2].answer = func(Event) {}
	a := w.order[0]
	q := w.ask(0, Query{Targets: w.all()[1:]})
	for _, m := range []*peerv1.UserAnswer{
		{Answerers: 65}, {Answerers: 1 << 31}, {Answerers: 2, Answerer: proto.Uint32(2)}, {Answerers: 2, Answerer: proto.Uint32(1 << 31)},
		{Answerers: 2}, {Answerers: 3}, {Answerers: 2, Answerer: proto.Uint32(0), Failure: 1 << 31, Message: "x"},
	} {
		a.Answered(w.now, at(2), q, m, "")
		a.Answered(w.now, at(9), q, m, "") // was not asked
	}
	w.run(3 * time.Second)
	r := w.of(0, q)
	if len(r.answers) != 0 || len(r.failures) != 3 || r.done == nil || *r.done != (Sum{2, 0, 0}) {
		t.Errorf("%+v, %+v", r, r.done)
	}
	for _, m := range []*peerv1.UserQuestion{
		nil, {Topic: "t"}, {TimeoutMs: 1000}, {Topic: strings.Repeat("t", limits.MaxTopic+1), TimeoutMs: 1000}, {Topic: "\n", TimeoutMs: 1000},
		{Topic: "t", TimeoutMs: 1 << 31}, {Topic: "t", TimeoutMs: 1000, Payload: make([]byte, limits.MaxQuestion+1)},
	} {
		w.order[2].Asked(w.now, at(1), 99, m)
	}
	if len(w.order[2].held) > 1 {
		t.Errorf("%d are held", len(w.order[2].held))
	}
}

// TestRefusedByTheWire: what the wire does not take is sent when it does.
func TestRefusedByTheWire(t *testing.T) {
	w := newNetwork(t, 2, 0)
	w.answer(1)
	until := map[string]time.Time{at(1).String(): epoch.Add(300 * time.Millisecond), at(2).String(): epoch.Add(600 * time.Millisecond)}
	w.refuses = func(from, _ netip.AddrPort) bool { return w.now.Before(until[from.String()]) }
	q := w.ask(0, Query{Targets: []Target{{Addr: at(2), Matches: true}}})
	w.run(400 * time.Millisecond)
	if len(w.order[1].asked) != 1 {
		t.Errorf("asked %v", w.order[1].asked)
	}
	w.run(300 * time.Millisecond)
	if r := w.of(0, q); len(r.answers) != 1 || r.done == nil {
		t.Errorf("%+v", r)
	}
	w.refuses = func(_, _ netip.AddrPort) bool { return true }
	q = w.ask(0, Query{Targets: []Target{{Addr: at(2), Matches: true}}})
	w.run(3 * time.Second)
	if r := w.of(0, q); r.failures[at(2).String()+"/-1"] != NoWay {
		t.Errorf("%+v", r)
	}
	w.clean()
}

// TestBoundsAreTold: what is over a bound is told to who asks.
func TestBoundsAreTold(t *testing.T) {
	w := newNetwork(t, 3, 0)
	w.answer(1)
	b := w.order[1]
	b.answer = func(Event) {}
	ask := func() uint64 {
		return w.ask(0, Query{Targets: []Target{{Addr: at(2), Matches: true}}, Timeout: time.Minute})
	}
	var tokens []uint64
	for range limits.OpenAnswersEach + 1 {
		tokens = append(tokens, ask())
	}
	w.run(100 * time.Millisecond)
	busy := 0
	for _, q := range tokens {
		for _, why := range w.of(0, q).failures {
			if why == Busy {
				busy++
			}
		}
	}
	if busy != 1 {
		t.Errorf("%d of %d are busy", busy, len(tokens))
	}
	for range limits.Queries - limits.OpenAnswersEach {
		ask()
	}
	if err := w.order[0].Ask(w.now, 1<<40, Query{Topic: "t", Timeout: time.Second}); !errors.Is(err, ErrTooMany) {
		t.Errorf("%d queries: %v", len(w.order[0].queries), err)
	}
	targets := make([]Target, limits.QueryTargets+1)
	if err := w.order[2].Ask(w.now, 1<<40, Query{Topic: "t", Timeout: time.Second, Targets: targets}); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	for i := range limits.Answerers {
		if _, err := w.order[2].Register([]string{fmt.Sprintf("t%d", i)}, false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.order[2].Register([]string{"t"}, false); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	for range MaxAnswerersOf - 1 {
		w.answer(1)
	}
	if _, err := b.Register([]string{"t"}, false); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	w.clean()
}

// TestHeldAreBounded: answered questions make room, and those of one asker are bounded.
func TestHeldAreBounded(t *testing.T) {
	w := newNetwork(t, 3, 0)
	w.answer(1)
	b := w.order[1]
	question := &peerv1.UserQuestion{Topic: "t", TimeoutMs: 60_000}
	for i := range 3 * limits.HeldQuestions {
		b.Asked(w.now, at(1), uint64(i), question)
		w.collect()
	}
	if n := len(b.held); n > limits.HeldQuestions {
		t.Errorf("%d are held", n)
	}
	b.answer = func(Event) {}
	for i := range limits.OpenQuestionsEach + 10 {
		b.Asked(w.now, at(3), uint64(i), question)
		w.collect()
	}
	if b.open[at(3)] > limits.OpenQuestionsEach || b.slots > limits.OpenAnswers {
		t.Errorf("%d are open, %d slots", b.open[at(3)], b.slots)
	}
	if n := len(b.due); n > 8*limits.HeldQuestions {
		t.Errorf("%d are due", n)
	}
	w.clean()
}

// TestSizes: the largest question and answer can be relayed.
func TestSizes(t *testing.T) {
	conditions := []*peerv1.TagCondition{}
	for proto.Size(&peerv1.UserQuestion{Tags: conditions}) < limits.MaxConditions {
		conditions = append(conditions, &peerv1.TagCondition{Key: "k", Pattern: "v", Exclude: true})
	}
	q := EncodeQuestion(1<<63, &peerv1.UserQuestion{
		Topic: strings.Repeat("t", limits.MaxTopic), Payload: make([]byte, limits.MaxQuestion), Tags: conditions,
		TimeoutMs: uint32(limits.MaxQueryTimeout.Milliseconds()), Have: 1<<64 - 1,
	})
	a := EncodeAnswer(1<<63, &peerv1.UserAnswer{Answerers: MaxAnswerersOf, Answerer: proto.Uint32(MaxAnswerersOf - 1), Payload: make([]byte, limits.Piece), Size: limits.MaxAnswer, Piece: 63, Sum: 1})
	if len(q) > limits.RelayedData || len(a) > limits.RelayedData {
		t.Errorf("question %d, answer %d bytes, want at most %d", len(q), len(a), limits.RelayedData)
	}
}

// TestReasonsAreThoseOfTheAPI: by their numbers.
func TestReasonsAreThoseOfTheAPI(t *testing.T) {
	for r, want := range map[Reason]tamtamv1.QueryFailureReason{
		NoAnswerer: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_NO_ANSWERER, Failed: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_FAILED,
		Ended: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_ENDED, Busy: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_BUSY,
		Timeout: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_TIMEOUT, NoWay: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_NO_WAY,
		Dead: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_DEAD, Unsupported: tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_UNSUPPORTED,
	} {
		if tamtamv1.QueryFailureReason(r) != want {
			t.Errorf("%d, want %d", r, want)
		}
	}
}

// TestAnsweredAreSwept: what is remembered of questions that were answered, and are over, is
// bounded.
func TestAnsweredAreSwept(t *testing.T) {
	w := newNetwork(t, 2, 0)
	w.answer(1)
	for range 3 * sweepFrom {
		w.ask(0, Query{Targets: []Target{{Addr: at(2), Matches: true}}, Timeout: 10 * time.Millisecond})
		w.run(20 * time.Millisecond)
	}
	if n := len(w.order[1].answered); n == 0 || n > sweepFrom+1 {
		t.Errorf("%d are remembered, want at most %d", n, sweepFrom)
	}
}
