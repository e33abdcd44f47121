// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 9999)
}

// fakeWire is a network whose other end is the test.
type fakeWire struct {
	mu      sync.Mutex // guards the rest
	closed  bool       // there is no session
	asked   []packet
	answers []packet
	// reply is called with each question, with mu held.
	reply func(packet)
}

type packet struct {
	to    netip.AddrPort
	token uint64
	body  []byte
}

func (w *fakeWire) sendQuestion(to netip.AddrPort, b []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	s := packet{to, binary.BigEndian.Uint64(b), b[tokenSize:]}
	w.asked = append(w.asked, s)
	if w.reply != nil {
		w.reply(s)
	}
	return true
}

func (w *fakeWire) sendAnswer(to netip.AddrPort, b []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = append(w.answers, packet{to, binary.BigEndian.Uint64(b), b[tokenSize:]})
	return !w.closed
}

func (w *fakeWire) answered() []packet {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.answers
}

func encoded(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func use(key string) *peerv1.Question {
	return &peerv1.Question{Question: &peerv1.Question_Keys{Keys: &peerv1.KeysQuestion{Change: &peerv1.KeysQuestion_Use{Use: key}}}}
}

func keys(names ...string) *peerv1.Answer {
	return &peerv1.Answer{Answer: &peerv1.Answer_Keys{Keys: &peerv1.KeysAnswer{Keys: names}}}
}

func counted(q *Queries, what string) uint64 {
	m := map[string]uint64{}
	q.Counters(m)
	return m[what]
}

// start returns a Queries that answers questions about keys, refusing the key "no".
func start(t *testing.T) (*Queries, *fakeWire) {
	t.Helper()
	w := &fakeWire{}
	q := New(Config{SendQuestion: w.sendQuestion, SendAnswer: w.sendAnswer})
	answer := func(from netip.AddrPort, question *peerv1.Question) (*peerv1.Answer, error) {
		key := question.GetKeys().GetUse()
		if key == "no" {
			return nil, errors.New("so it is")
		}
		return keys(from.String(), key), nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { q.Run(ctx, answer) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return q, w
}

// TestAnswers: what is asked of this node is answered to who asked, with the token.
func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := start(t)
		question := message(7, encoded(t, use("a")))
		q.Asked(at(2), question)
		q.Asked(at(2), question[:tokenSize-1])
		clear(question) // it is only read during the call
		q.Asked(at(3), message(8, encoded(t, use("no"))))
		q.Asked(at(4), message(9, []byte("\xff\xff")))
		synctest.Wait()
		all := w.answered()
		if len(all) != 3 {
			t.Fatalf("%d answers", len(all))
		}
		for i, want := range []struct {
			to    netip.AddrPort
			token uint64
			text  string
			err   string
		}{{at(2), 7, "a", ""}, {at(3), 8, "", "so it is"}, {at(4), 9, "", "proto"}} {
			var a peerv1.Answer
			if err := proto.Unmarshal(all[i].body, &a); err != nil {
				t.Fatal(err)
			}
			if all[i].to != want.to || all[i].token != want.token || !strings.Contains(a.GetError(), want.err) || (a.GetError() == "") != (want.err == "") ||
				want.err == "" && (len(a.GetKeys().GetKeys()) != 2 || a.GetKeys().GetKeys()[1] != want.text) {
				t.Errorf("answer %d: %+v, %v", i, all[i], &a)
			}
		}
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		q.Asked(at(2), message(7, encoded(t, use("a"))))
		synctest.Wait()
		if counted(q, "queries_received") != 4 || counted(q, "queries_unanswered") != 1 {
			t.Errorf("received %d, unanswered %d", counted(q, "queries_received"), counted(q, "queries_unanswered"))
		}
	})
}

// TestAsk: what comes of a question.
func TestAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := start(t)
		for _, c := range []struct {
			name string
			body []byte
			want string
			err  error
			text string
		}{
			{"an answer", encoded(t, keys("a")), "a", nil, ""},
			{"none", nil, "", nil, ""},
			{"a refusal", encoded(t, &peerv1.Answer{Error: "so it is"}), "", ErrRefused, "so it is"},
			{"nonsense", []byte("\xff\xff"), "", ErrNoAnswer, "not understood"},
		} {
			w.reply = func(s packet) { go q.Answered(s.to, message(s.token, c.body)) } // it may be there before Ask knows the token
			a, err := q.Ask(t.Context(), at(2), use("a"))
			if !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.text) || c.want != "" && a.GetKeys().GetKeys()[0] != c.want {
				t.Errorf("%s: %v, %v", c.name, a, err)
			}
		}
		w.closed = true
		if _, err := q.Ask(t.Context(), at(2), use("a")); !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "session") {
			t.Errorf("without a session: %v", err)
		}
		if counted(q, "queries_sent") != 4 {
			t.Errorf("sent %d", counted(q, "queries_sent"))
		}
	})
}

// TestUnaskedAnswers: an answer counts when it is the asked one's, carries the token, and is
// the first.
func TestUnaskedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := start(t)
		var answer *peerv1.Answer
		var err error
		go func() { answer, err = q.Ask(t.Context(), at(2), use("a")) }()
		synctest.Wait()
		token := w.asked[0].token
		q.Answered(at(3), message(token, encoded(t, keys("forged"))))     // another member
		q.Answered(at(2), message(token+1, encoded(t, keys("forged"))))   // of another question
		q.Answered(at(2), message(0, encoded(t, keys("forged"))))         // of none
		q.Answered(at(2), message(token, encoded(t, keys("true"))))       //
		q.Answered(at(2), message(token, encoded(t, keys("once again")))) // answered already
		synctest.Wait()
		if err != nil || answer.GetKeys().GetKeys()[0] != "true" {
			t.Errorf("%v, %v", answer, err)
		}
		if n := counted(q, "queries_unasked_answers"); n != 4 {
			t.Errorf("%d unasked answers", n)
		}
	})
}

// TestNoAnswer: who waits is told when its time is over, and what comes later is nobody's.
func TestNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := start(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, err := q.Ask(ctx, at(2), use("a")); !errors.Is(err, ErrNoAnswer) || time.Since(began) != time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		q.Answered(at(2), message(w.asked[0].token, encoded(t, keys("late"))))
		if len(q.out) != 0 || counted(q, "queries_unasked_answers") != 1 {
			t.Errorf("%d wait", len(q.out))
		}
	})
}

// TestBounds: questions of others wait in a bounded queue, and so many of ours are under
// way, and no more.
func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &fakeWire{}
		q := New(Config{SendQuestion: w.sendQuestion, SendAnswer: w.sendAnswer})
		answer := func(netip.AddrPort, *peerv1.Question) (*peerv1.Answer, error) { return keys(), nil }
		for i := range 10 * maxWaiting { // it does not run yet
			q.Asked(at(2), message(uint64(i), encoded(t, use("a"))))
		}
		if counted(q, "queries_received") != maxWaiting || counted(q, "queries_overflowed") != 9*maxWaiting {
			t.Errorf("received %d, overflowed %d", counted(q, "queries_received"), counted(q, "queries_overflowed"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range maxAsked {
			wg.Go(func() {
				if _, err := q.Ask(ctx, at(2), use("a")); !errors.Is(err, ErrNoAnswer) {
					t.Errorf("error %v", err)
				}
			})
		}
		synctest.Wait()
		if _, err := q.Ask(ctx, at(2), use("a")); !errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), "8192") || len(q.out) != maxAsked {
			t.Errorf("one too many: %v, %d under way", err, len(q.out))
		}
		cancel()
		wg.Wait()
		if len(q.out) != 0 {
			t.Errorf("%d are left", len(q.out))
		}
		run, stop := context.WithCancel(t.Context())
		wg.Go(func() { q.Run(run, answer) })
		synctest.Wait()
		if len(w.answered()) != maxWaiting {
			t.Errorf("%d answers", len(w.answered()))
		}
		stop()
		wg.Wait()
	})
}

// TestEach: all are asked at once, and each result is told, one at a time.
func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, w := start(t)
		w.reply = func(s packet) {
			if s.to != at(5) {
				go func() {
					time.Sleep(500 * time.Millisecond)
					q.Answered(s.to, message(s.token, encoded(t, keys(s.to.String()))))
				}()
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var to []netip.AddrPort
		for i := range 50 {
			to = append(to, at(i))
		}
		began := time.Now()
		told := map[netip.AddrPort]error{}
		q.Each(ctx, to, use("a"), func(a netip.AddrPort, answer *peerv1.Answer, err error) {
			told[a] = err
			if err == nil && answer.GetKeys().GetKeys()[0] != a.String() {
				t.Errorf("%s is told the answer of %v", a, answer)
			}
		})
		if len(told) != 50 || !errors.Is(told[at(5)], ErrNoAnswer) || told[at(6)] != nil || time.Since(began) != time.Second {
			t.Errorf("told %v after %v", told, time.Since(began))
		}
		q.Each(ctx, nil, use("a"), func(netip.AddrPort, *peerv1.Answer, error) { t.Error("nobody was asked") })
	})
}
