// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package peers asks other nodes, and answers them. It carries questions and answers;
// what they are about is known to those who ask, and to Run's Answer.
package peers

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
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
	malformed  = counters.New("queries_malformed", "Questions and answers without a token.")
)

// What asking fails with.
var (
	// ErrNoAnswer: no answer came in time.
	ErrNoAnswer = errors.New("it did not answer")
	// ErrRefused: the node says why it does not answer.
	ErrRefused = errors.New("it refuses")
)

// tokenSize is the size of the token, which comes before the body of a question, and is
// repeated before that of its answer.
const tokenSize = 8

// Answer answers the question of a member. An error goes to the member as text.
type Answer func(from netip.AddrPort, q *peerv1.Question) (*peerv1.Answer, error)

// Config says what a Queries is made of. All fields are required.
type Config struct {
	// SendQuestion and SendAnswer send a message on a channel of its own each. They
	// return false when there is no session with the node, or too much is under way.
	SendQuestion, SendAnswer func(to netip.AddrPort, b []byte) bool
}

// Queries asks and answers. Asked and Answered never block.
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

// New returns a Queries that asks. It answers while Run runs.
func New(cfg Config) *Queries {
	return &Queries{
		cfg: cfg, waiting: make(chan asked, maxWaiting),
		out: map[uint64]pending{}, counts: counters.NewSet(),
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
	if err != nil || !q.cfg.SendAnswer(a.from, message(a.token, body)) {
		q.counts.Inc(unanswered)
	}
}

// message puts a token before a body.
func message(token uint64, body []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, tokenSize+len(body)), token), body...)
}

// Asked takes the question of a member. It is only read during the call.
func (q *Queries) Asked(from netip.AddrPort, b []byte) {
	if len(b) < tokenSize {
		q.counts.Inc(malformed)
		return
	}
	select {
	case q.waiting <- asked{from, binary.BigEndian.Uint64(b), bytes.Clone(b[tokenSize:])}:
		q.counts.Inc(received)
	default:
		q.counts.Inc(overflowed)
	}
}

// Answered takes an answer. It is only read during the call.
func (q *Queries) Answered(from netip.AddrPort, b []byte) {
	if len(b) < tokenSize {
		q.counts.Inc(malformed)
		return
	}
	token, body := binary.BigEndian.Uint64(b), b[tokenSize:]
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
	token := newToken()
	q.mu.Lock()
	if len(q.out) >= maxAsked {
		q.mu.Unlock()
		return nil, fmt.Errorf("%w: %d questions are under way", ErrNoAnswer, maxAsked)
	}
	q.out[token] = pending{to, done} // before it is sent: the answer may come at once
	q.mu.Unlock()
	if !q.cfg.SendQuestion(to, message(token, body)) {
		q.forget(token)
		return nil, fmt.Errorf("%w: there is no session with it", ErrNoAnswer)
	}
	q.counts.Inc(sent)
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
		q.forget(token)
		return nil, ErrNoAnswer
	}
}

// newToken returns a token that no other member can guess.
func newToken() uint64 {
	var b [tokenSize]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

func (q *Queries) forget(token uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.out, token)
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
