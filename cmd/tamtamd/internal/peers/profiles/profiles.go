// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package profiles asks members what dead nodes said of themselves: a node that learns of a death
// from others never had a session with the dead node. It also answers such questions.
package profiles

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

const (
	// maxWanted bounds the questions that wait: as many as there may be deaths to check.
	maxWanted = 4096
	// answersWithin is how long one question may take.
	answersWithin = 2 * time.Second
)

// counters are what this package counts.
var counters counter.Table

var (
	learned    = counters.New("profiles_learned", "Names and tags of dead members that other members reported.")
	unknown    = counters.New("profiles_unknown", "Dead members whose name and tags the asked member did not report.")
	overflowed = counters.New("profiles_overflowed", "Dead members whose name and tags were not asked for, since too many waited.")
)

// errUnknown: this node does not know the session, or not more than that it was.
var errUnknown = errors.New("nothing is known of the session")

// Members is the member table; *member.Table is one.
type Members interface {
	Get(netip.AddrPort) (member.Member, bool)
}

// Config says what a Profiles is made of. All fields are required.
type Config struct {
	Members Members
	Ask     func(ctx context.Context, to netip.AddrPort, q *peerv1.Question) (*peerv1.Answer, error)
	// Learned takes what a member answered, unchecked.
	Learned func(of netip.AddrPort, info member.Info, by netip.AddrPort)
}

// Profiles asks and answers.
type Profiles struct {
	cfg    Config
	wanted chan question
	counts *counter.Set
}

// question is one to a member about a session of another node.
type question struct {
	to, of  netip.AddrPort
	session uint64
}

// New returns a Profiles that answers. It asks while Run runs.
func New(cfg Config) *Profiles {
	return &Profiles{cfg: cfg, wanted: make(chan question, maxWanted), counts: counters.NewSet()}
}

// Want asks a member what a session of another node said of itself. It never blocks.
func (p *Profiles) Want(to, of netip.AddrPort, session uint64) {
	select {
	case p.wanted <- question{to, of, session}:
	default:
		p.counts.Inc(overflowed)
	}
}

// Run asks, one member at a time, until ctx is done.
func (p *Profiles) Run(ctx context.Context) {
	for {
		select {
		case q := <-p.wanted:
			p.ask(ctx, q)
		case <-ctx.Done():
			return
		}
	}
}

func (p *Profiles) ask(ctx context.Context, q question) {
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	answer, err := p.cfg.Ask(ctx, q.to, &peerv1.Question{Question: &peerv1.Question_Profile{
		Profile: &peerv1.ProfileQuestion{Node: peers.EncodeAddr(q.of), Session: q.session},
	}})
	if err != nil || answer.GetProfile() == nil {
		p.counts.Inc(unknown)
		return
	}
	r := answer.GetProfile()
	p.counts.Inc(learned)
	p.cfg.Learned(q.of, member.Info{Session: q.session, Name: r.GetName(), Version: r.GetVersion(), Tags: string(r.GetTags())}, q.to)
}

// Answer answers the question of a member.
func (p *Profiles) Answer(q *peerv1.ProfileQuestion) (*peerv1.Answer, error) {
	m, ok := p.cfg.Members.Get(peers.DecodeAddr(q.GetNode()))
	if !ok || m.Session != q.GetSession() || m.Version == "" {
		return nil, errUnknown
	}
	return &peerv1.Answer{Answer: &peerv1.Answer_Profile{
		Profile: &peerv1.ProfileAnswer{Name: m.Name, Version: m.Version, Tags: []byte(m.Tags)},
	}}, nil
}

// Counters adds what was counted to m.
func (p *Profiles) Counters(m map[string]uint64) { p.counts.Counters(m) }
