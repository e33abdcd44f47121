// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package peers asks other nodes, and answers them. It carries questions and answers;
// what they are about is known to those who ask, and to Run's Answer.
package peers

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"google.golang.org/protobuf/proto"

	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

const (
	// maxWaiting bounds the questions of others that wait for their answer. What is
	// over it is not answered.
	maxWaiting = 64
	// maxAsked bounds those of this node that wait for theirs.
	maxAsked = 8192
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

// Answer answers the question of a member. An error goes to the member as text.
type Answer func(from netip.AddrPort, q *peerv1.Question) (*peerv1.Answer, error)

// Queries asks and answers. Asked and Replied never block.
type Queries struct {
	wire    Wire
	waiting chan asked

	mu     sync.Mutex // guards the rest
	out    map[uint64]pending
	counts map[string]uint64
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

// New returns a Queries that asks. It answers while Run runs.
func New(wire Wire) *Queries {
	return &Queries{
		wire: wire, waiting: make(chan asked, maxWaiting),
		out: map[uint64]pending{}, counts: map[string]uint64{},
	}
}

// Run answers questions, one at a time, until ctx is done.
func (q *Queries) Run(ctx context.Context, answer Answer) {
	for {
		select {
		case a := <-q.waiting:
			q.answer(a, answer)
		case <-ctx.Done():
			return
		}
	}
}

func (q *Queries) answer(a asked, answer Answer) {
	var question peerv1.Question
	reply, err := &peerv1.Answer{}, proto.Unmarshal(a.body, &question)
	if err == nil {
		reply, err = answer(a.from, &question)
	}
	if err != nil {
		reply = &peerv1.Answer{Error: err.Error()}
	}
	body, err := proto.Marshal(reply)
	if err != nil || !q.wire.Answer(a.from, a.token, body) {
		q.count("queries_unanswered")
	}
}

// Asked takes the question of a member. The body is only read during the call.
func (q *Queries) Asked(from netip.AddrPort, token uint64, body []byte) {
	select {
	case q.waiting <- asked{from, token, append([]byte(nil), body...)}:
		q.count("queries_received")
	default:
		q.count("queries_overflowed")
	}
}

// Replied takes an answer. The body is only read during the call.
func (q *Queries) Replied(from netip.AddrPort, token uint64, body []byte) {
	q.mu.Lock()
	p, ok := q.out[token]
	if !ok || p.to != from {
		q.counts["queries_unasked_answers"]++
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
	token := q.wire.Ask(to, body)
	if token == 0 {
		q.mu.Unlock()
		return nil, fmt.Errorf("%w: there is no session with it", ErrNoAnswer)
	}
	q.out[token] = pending{to, done}
	q.counts["queries_sent"]++
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

func (q *Queries) count(what string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.counts[what]++
}

// Counters adds what was counted to m.
func (q *Queries) Counters(m map[string]uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for k, v := range q.counts {
		m[k] = v
	}
}
