// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// pair starts two exchanges that send to each other, and know each other.
func pair(t *testing.T) (a, b *Exchange) {
	t.Helper()
	var all [2]*Exchange
	infos := [2]member.Info{{Session: 1, Name: "a"}, {Session: 2, Name: "b", Tags: "role=web\n"}}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	tokens := uint64(0)
	for i := range all {
		other := func() *Exchange { return all[1-i] }
		all[i] = New(Config{
			Self: member.Identity{Addr: at(i), Info: infos[i]},
			SendQuestion: func(_ netip.AddrPort, b []byte) bool {
				go func() { other().Asked(at(i), b) }()
				return true
			},
			SendAnswer: func(_ netip.AddrPort, b []byte) bool {
				go func() { other().Answered(at(i), b) }()
				return true
			},
			Flush: func() { // not called with the lock held
				all[i].mu.Lock()
				defer all[i].mu.Unlock()
			},
			Random: func() uint64 { tokens++; return tokens },
		})
	}
	for i, x := range all {
		x.OnMember(member.Change{Member: member.Member{Addr: at(1 - i), Status: member.Alive, Info: infos[1-i]}})
		go x.Run(ctx)
	}
	return all[0], all[1]
}

// end takes all events of a query.
func end(t *testing.T, f *Feed) (all []Event) {
	t.Helper()
	defer f.Close()
	for {
		e, err := f.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, e); e.Kind == Done {
			return all
		}
	}
}

// TestExchange: a question goes there and back, and the clock ends one that is not answered.
func TestExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		answers, err := b.Register([]string{"x"}, false)
		if err != nil {
			t.Fatal(err)
		}
		web := []*peerv1.TagCondition{{Key: "role", Pattern: "web"}}
		f, n, err := a.Query(Request{Topic: "x", Payload: []byte("hi"), To: recipients.Recipients{Tags: web}})
		if err != nil || n != 2 {
			t.Fatal(n, err)
		}
		q, err := answers.Next(t.Context())
		if err != nil || q.Kind != Delivery || string(q.Payload) != "hi" || q.Member != at(0) || time.Until(q.Until) <= time.Second {
			t.Fatalf("%+v, %v", q, err)
		}
		if err := answers.Answer(q.ID, []byte("ho"), ""); err != nil {
			t.Fatal(err)
		}
		all := end(t, f)
		if len(all) != 3 || string(all[1].Payload) != "ho" || all[1].Member != at(1) || all[2].Sum != (Sum{1, 1, 1}) || a.Name(at(1)) != "b" {
			t.Errorf("%+v", all)
		}

		began := time.Now()
		if f, _, err = a.Query(Request{Topic: "x", To: recipients.Recipients{Members: []netip.AddrPort{at(1), at(1)}}, Timeout: time.Minute}); err != nil {
			t.Fatal(err)
		}
		all = end(t, f)
		if last := all[len(all)-1]; len(all) != 3 || all[1].Reason != Timeout || time.Since(began) != time.Minute || last.Sum != (Sum{1, 0, 0}) {
			t.Errorf("after %v: %+v", time.Since(began), all)
		}
		answers.Close()
		if _, err := answers.Next(t.Context()); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestExchangeFollowsTheMembers: who is gone is not waited for, nor asked by name only.
func TestExchangeFollowsTheMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		if _, err := b.Register([]string{"x"}, false); err != nil {
			t.Fatal(err)
		}
		ask := func() *Feed {
			f, _, err := a.Query(Request{Topic: "x", Timeout: time.Minute, To: recipients.Recipients{Members: []netip.AddrPort{at(1)}}})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // of virtual time: it is confirmed
			return f
		}
		m := member.Member{Addr: at(1), Status: member.Suspected, Info: member.Info{Session: 2, Name: "b"}}
		for _, c := range []struct {
			change member.Change
			want   string
		}{
			{member.Change{Member: member.Member{Addr: at(1), Status: member.Alive, Info: member.Info{Session: 3}}}, "it restarted"},
			{member.Change{Member: member.Member{Addr: at(1), Status: member.Dead, Info: member.Info{Session: 3}}}, "it is dead"},
			{member.Change{Member: member.Member{Addr: at(1), Status: member.Left, Info: member.Info{Session: 3}}}, "it has left"},
			{member.Change{Member: member.Member{Addr: at(1), Status: member.Alive, Info: member.Info{Session: 3}}, Removed: true}, "it was removed"},
		} {
			a.OnMember(member.Change{Member: member.Member{Addr: at(1), Status: member.Alive, Info: member.Info{Session: 2}}})
			f := ask()
			a.OnMember(member.Change{Member: m}) // suspected: nothing
			a.OnMember(c.change)
			all := end(t, f)
			if len(all) != 3 || all[1].Reason != Dead || all[1].Message != c.want {
				t.Errorf("%s: %+v", c.want, all)
			}
		}
		if _, _, err := a.Query(Request{Topic: "x", To: recipients.Recipients{Members: []netip.AddrPort{at(1)}}}); !errors.Is(err, recipients.ErrUnknown) {
			t.Error(err)
		}
		if f, n, err := a.Query(Request{Topic: "x"}); err != nil || n != 1 { // itself
			t.Error(n, err)
		} else {
			f.Close()
		}
	})
}

// TestExchangeIsBounded: answers that callers do not take, and answers that are too large.
func TestExchangeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t)
		answers, _ := b.Register([]string{"x"}, false)
		if err := answers.Answer(1, make([]byte, limits.MaxAnswer+1), ""); !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
		go func() {
			for {
				q, err := answers.Next(t.Context())
				if err != nil {
					return
				}
				_ = answers.Answer(q.ID, make([]byte, limits.MaxAnswer), "")
			}
		}()
		var feeds []*Feed
		for range limits.QueryEventBytes/limits.MaxAnswer + 1 {
			f, _, err := a.Query(Request{Topic: "x", Timeout: 20 * time.Second, To: recipients.Recipients{Members: []netip.AddrPort{at(1)}}})
			if err != nil {
				t.Fatal(err)
			}
			feeds = append(feeds, f)
			synctest.Wait()
		}
		overflows := 0
		for _, f := range feeds {
			for {
				e, err := f.Next(t.Context())
				if errors.Is(err, fanout.ErrOverflow) {
					overflows++
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if e.Kind == Done {
					break
				}
			}
			f.Close()
		}
		if overflows == 0 || overflows == len(feeds) || a.bytes != 0 || len(a.queries) != 0 {
			t.Errorf("%d overflows, %d bytes and %d queries are left", overflows, a.bytes, len(a.queries))
		}
	})
}

// TestExchangeEnds: with the daemon.
func TestExchangeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := pair(t)
		answers, _ := a.Register([]string{"x"}, false)
		a.Close()
		if _, err := answers.Next(t.Context()); !errors.Is(err, fanout.ErrClosed) {
			t.Error(err)
		}
		if _, _, err := a.Query(Request{Topic: "x"}); !errors.Is(err, fanout.ErrClosed) {
			t.Error(err)
		}
		if _, err := a.Register([]string{"x"}, false); !errors.Is(err, fanout.ErrClosed) {
			t.Error(err)
		}
	})
}

// FuzzFrames: no bytes of a member do harm, and what is no user's is left for others.
func FuzzFrames(f *testing.F) {
	f.Add(EncodeQuestion(1, &peerv1.UserQuestion{Topic: "x", TimeoutMs: 1}), true)
	f.Add(EncodeAnswer(1, &peerv1.UserAnswer{Answerers: 1}), false)
	f.Fuzz(func(t *testing.T, b []byte, question bool) {
		x := New(Config{
			Self:         member.Identity{Addr: at(0), Info: member.Info{Session: 1}},
			SendQuestion: func(netip.AddrPort, []byte) bool { return true }, SendAnswer: func(netip.AddrPort, []byte) bool { return true },
			Flush: func() {}, Random: func() uint64 { return 1 },
		})
		x.OnMember(member.Change{Member: member.Member{Addr: at(1), Status: member.Alive, Info: member.Info{Session: 2}}})
		_, _ = x.Register([]string{"x"}, false)
		if _, _, err := x.Query(Request{Topic: "y"}); err != nil {
			t.Fatal(err)
		}
		if question {
			x.Asked(at(1), b)
		} else {
			x.Answered(at(1), b)
		}
	})
}

// TestProgramThatTakesNothing: the questions that wait for it are bounded, however many came and
// are over.
func TestProgramThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := pair(t)
		answers, err := b.Register([]string{"x"}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer answers.Close()
		const rounds = 10
		for round := range uint64(rounds) {
			for i := range uint64(limits.OpenAnswersEach) {
				q := EncodeQuestion(1000*round+i, &peerv1.UserQuestion{Topic: "x", TimeoutMs: 1000})
				b.Asked(at(int(i%16)+10), q)
			}
			time.Sleep(2 * time.Second) // of virtual time: nobody waits for them any more
			synctest.Wait()
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if n := len(answers.feed.events); n == 0 || n > limits.OpenAnswersEach {
			t.Errorf("%d questions wait, want at most %d", n, limits.OpenAnswersEach)
		}
	})
}
