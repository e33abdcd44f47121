// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package reach shows how the nodes reach each other: each knows its own links, so it
// asks the members for theirs, and answers when they ask. It measures nothing and judges
// nothing.
package reach

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

const (
	// MaxNodes bounds a matrix: of more, those are in it with whom most is wrong.
	MaxNodes = limits.MatrixNodes
	// maxAsked bounds the nodes of one question: they fit into a frame with IPv6, too. For
	// more nodes there are several questions.
	maxAsked = 40
	// every is the least time between two rounds of questions; a caller that asks for a
	// matrix meanwhile gets the last one.
	every = 10 * time.Second
	// answersWithin is how long a round waits for answers: some round trips on a bad link,
	// less than a person likes to wait.
	answersWithin = 2 * time.Second
)

// Members is the member table; *member.Table is one.
type Members interface {
	List() ([]member.Member, uint64)
}

// Config says what an Observer is made of. All fields are required.
type Config struct {
	Addr    netip.AddrPort // of this node
	Members Members
	Own     func() []wire.Link
	Ask     peers.Ask
	Now     func() time.Time
}

// Observer makes matrices.
type Observer struct {
	Config

	turn    chan struct{} // held by who makes one, and guards samples
	samples map[pair][]sample

	mu   sync.Mutex // guards last
	last *Matrix
}

// New returns an Observer.
func New(cfg Config) *Observer {
	return &Observer{Config: cfg, turn: make(chan struct{}, 1), samples: map[pair][]sample{}}
}

// Matrix is how nodes reached each other when it was made.
type Matrix struct {
	Time    time.Time
	Nodes   []Node // ordered by address; MaxNodes at most
	Omitted int    // live members that are not among them
	// Own are all links of this node, those that are omitted, too.
	Own map[netip.AddrPort]wire.Link
}

// Node is one node of a matrix.
type Node struct {
	Addr netip.AddrPort
	Name string
	// Err is why there are no links, as peers.Survey returns it.
	Err error
	// Links are those to the nodes of the matrix, in their order, with the counts of a
	// window; the zero Link to itself, and where there is no session.
	Links []wire.Link
}

// Matrix returns a matrix that is at most 10 seconds old. It asks the members if it has to,
// for the one who asks first; others wait for the same answers. Fails only with the error
// of ctx.
func (o *Observer) Matrix(ctx context.Context) (*Matrix, error) {
	if m := o.fresh(); m != nil {
		return m, nil
	}
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if m := o.fresh(); m != nil {
		return m, nil
	}
	// Others wait for this, so it is not this caller's to give up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answersWithin)
	defer cancel()
	m := o.make(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = m
	return m, nil
}

// fresh returns the last matrix, unless it is too old.
func (o *Observer) fresh() *Matrix {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last == nil || o.Now().Sub(o.last.Time) >= every {
		return nil
	}
	return o.last
}

// make makes a matrix. turn is held.
func (o *Observer) make(ctx context.Context) *Matrix {
	members, _ := o.Members.List()
	own := o.Own()
	nodes, omitted := choose(members, own)
	m := &Matrix{Time: o.Now(), Omitted: omitted, Own: o.own(own, session(members))}
	for _, n := range nodes {
		m.Nodes = append(m.Nodes, Node{Addr: n.Addr, Name: n.Name})
	}
	answers, errs := o.ask(ctx, nodes, nodes)
	now := o.Now()
	for i, n := range nodes {
		m.Nodes[i].Err = errs[i]
		if n.Local {
			for _, to := range nodes {
				m.Nodes[i].Links = append(m.Nodes[i].Links, m.Own[to.Addr])
			}
		} else if errs[i] == nil {
			m.Nodes[i].Links = o.links(now, m.Nodes, i, answers[i])
		}
	}
	o.forget(now)
	return m
}

// ask asks members for their links to nodes, and returns their answers, with the indexes of
// nodes, and why there is none; both in the order of members. All questions are sent at once.
func (o *Observer) ask(ctx context.Context, members, nodes []member.Member) ([]*peerv1.LinksAnswer, []error) {
	answers, errs := make([]*peerv1.LinksAnswer, len(members)), make([]error, len(members))
	for i := range answers {
		answers[i] = &peerv1.LinksAnswer{}
	}
	var mu sync.Mutex // guards answers and errs
	var questions sync.WaitGroup
	for first := 0; first < len(nodes); first += maxAsked {
		named := nodes[first:min(first+maxAsked, len(nodes))]
		question := &peerv1.LinksQuestion{}
		for _, n := range named {
			question.Nodes = append(question.Nodes, peers.EncodeAddr(n.Addr))
		}
		questions.Go(func() {
			failed := peers.Survey(ctx, o.Ask, members, &peerv1.Question{Question: &peerv1.Question_Links{Links: question}}, func(i int, a *peerv1.Answer) error {
				if !sound(a.GetLinks(), len(named)) {
					return peers.ErrNotUnderstood
				}
				mu.Lock()
				defer mu.Unlock()
				answers[i].Session = a.GetLinks().GetSession()
				for j, n := range a.GetLinks().GetNodes() {
					answers[i].Nodes = append(answers[i].Nodes, uint32(first)+n)
					answers[i].Links = append(answers[i].Links, a.GetLinks().GetLinks()[j])
				}
				return nil
			})
			mu.Lock()
			defer mu.Unlock()
			for i, err := range failed {
				if err != nil {
					errs[i] = err
				}
			}
		})
	}
	questions.Wait()
	return answers, errs
}

// sound reports whether an answer can be one to a question about so many nodes.
func sound(a *peerv1.LinksAnswer, nodes int) bool {
	if a == nil || len(a.GetNodes()) != len(a.GetLinks()) {
		return false
	}
	next := uint32(0)
	for _, i := range a.GetNodes() {
		if i < next || i >= uint32(nodes) {
			return false
		}
		next = i + 1
	}
	return true
}
