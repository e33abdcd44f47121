// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package peers asks other nodes, and answers them. It carries questions and answers;
// what they are about is for those who ask, and for Config.Answer.
package peers

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

const (
	// maxWaiting bounds the questions of others that wait for their answer. What is
	// over it is not answered.
	maxWaiting = 64
	// maxAsked bounds those of this node that wait for theirs.
	maxAsked = 8192
)

// counters are what this package counts.
var counters counter.Table

var (
	sent       = counters.New("queries_sent", "Questions that this node asked others.")
	received   = counters.New("queries_received", "Questions of others that were taken.")
	overflowed = counters.New("queries_overflowed", "Questions of others that were dropped since too many waited.")
	unanswered = counters.New("queries_unanswered", "Questions of others whose answer could not be sent.")
	unasked    = counters.New("queries_unasked_answers", "Answers that were not asked for, or that came too late.")
)

// What asking fails with.
var (
	// ErrNoAnswer: no answer came in time.
	ErrNoAnswer = errors.New("it did not answer")
	// ErrRefused: the node says why it does not answer.
	ErrRefused = errors.New("it refuses")
)

// Wire carries questions; *wire.Endpoint is one.
type Wire interface {
	Ask(to netip.AddrPort, body []byte) (token uint64)
	Answer(to netip.AddrPort, token uint64, body []byte) bool
}

// Config says what a Queries is made of. All fields are required.
type Config struct {
	Wire Wire
	// Answer answers a question; one at a time.
	Answer func(from netip.AddrPort, q *peerv1.Question) (*peerv1.Answer, error)
}

// Queries asks and answers. Asked and Replied never block.
type Queries struct {
	cfg     Config
	waiting chan asked

	counts *counter.Set

	mu  sync.Mutex // guards out
	out map[uint64]pending
}

// asked is a question of another node's.
type asked struct {
	from  netip.AddrPort
	token uint64
	body  []byte
}

// pending is a question of ours.
type pending struct {
	to   netip.AddrPort
	done chan<- result // has room for one, and is only sent one
}

type result struct {
	answer *peerv1.Answer
	err    error
}

// New returns a Queries. Run is to be called once.
func New(cfg Config) *Queries {
	return &Queries{
		cfg: cfg, waiting: make(chan asked, maxWaiting),
		out: map[uint64]pending{}, counts: counters.NewSet(),
	}
}

// Run answers questions until ctx is done.
func (q *Queries) Run(ctx context.Context) {
	for {
		select {
		case a := <-q.waiting:
			q.answer(a)
		case <-ctx.Done():
			return
		}
	}
}

func (q *Queries) answer(a asked) {
	var question peerv1.Question
	answer, err := &peerv1.Answer{}, proto.Unmarshal(a.body, &question)
	if err == nil {
		answer, err = q.cfg.Answer(a.from, &question)
	}
	if err != nil {
		answer = &peerv1.Answer{Error: err.Error()}
	}
	body, err := proto.Marshal(answer)
	if err != nil || !q.cfg.Wire.Answer(a.from, a.token, body) {
		q.counts.Inc(unanswered)
	}
}

// Asked takes the question of a member. The body is only read during the call.
func (q *Queries) Asked(from netip.AddrPort, token uint64, body []byte) {
	select {
	case q.waiting <- asked{from, token, append([]byte(nil), body...)}:
		q.counts.Inc(received)
	default:
		q.counts.Inc(overflowed)
	}
}

// Replied takes an answer. The body is only read during the call.
func (q *Queries) Replied(from netip.AddrPort, token uint64, body []byte) {
	q.mu.Lock()
	p, ok := q.out[token]
	if !ok || p.to != from {
		q.counts.Inc(unasked)
		q.mu.Unlock()
		return
	}
	delete(q.out, token)
	q.mu.Unlock()
	r := result{answer: &peerv1.Answer{}}
	if err := proto.Unmarshal(body, r.answer); err != nil {
		r.err = fmt.Errorf("%w: %w", ErrNoAnswer, ErrNotUnderstood)
	} else if e := r.answer.GetError(); e != "" {
		r.err = fmt.Errorf("%w: %s", ErrRefused, e)
	}
	p.done <- r
}

// Ask asks a member and waits for the answer. Fails with ErrNoAnswer or ErrRefused.
func (q *Queries) Ask(ctx context.Context, to netip.AddrPort, question *peerv1.Question) (*peerv1.Answer, error) {
	body, err := proto.Marshal(question)
	if err != nil {
		return nil, err
	}
	done := make(chan result, 1)
	// The answer may come before the token is known here, so mu is held.
	q.mu.Lock()
	if len(q.out) >= maxAsked {
		q.mu.Unlock()
		return nil, fmt.Errorf("%w: %d questions are under way", ErrNoAnswer, maxAsked)
	}
	token := q.cfg.Wire.Ask(to, body)
	if token == 0 {
		q.mu.Unlock()
		return nil, fmt.Errorf("%w: there is no session with it", ErrNoAnswer)
	}
	q.out[token] = pending{to, done}
	q.counts.Inc(sent)
	q.mu.Unlock()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		q.mu.Lock()
		delete(q.out, token)
		q.mu.Unlock()
		return nil, ErrNoAnswer
	}
}

// Each asks many at once, and calls do, one at a time, with what comes of each.
func (q *Queries) Each(ctx context.Context, to []netip.AddrPort, question *peerv1.Question, do func(netip.AddrPort, *peerv1.Answer, error)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, a := range to {
		wg.Go(func() {
			answer, err := q.Ask(ctx, a, question)
			mu.Lock()
			defer mu.Unlock()
			do(a, answer, err)
		})
	}
	wg.Wait()
}

// Counters adds what was counted to m.
func (q *Queries) Counters(m map[string]uint64) { q.counts.Counters(m) }
