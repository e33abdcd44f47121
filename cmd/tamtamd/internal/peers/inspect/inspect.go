// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package inspect asks all members for their state and for their view of this node, and
// answers when they ask. It reports facts; the client judges what is wrong with them.
package inspect

import (
	"context"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/descriptors"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// answerWithin is how long members may take to answer: less than the client waits, so that
// it learns who did not.
const answerWithin = 3 * time.Second

// Members is the member table; *member.Table is one.
type Members interface {
	List() ([]member.Member, uint64)
}

// Wire has the links of this node; *wire.Endpoint is one.
type Wire interface {
	Links() []wire.Link
}

// Config says what an Inspector is made of. All fields but Keys are required.
type Config struct {
	Self      member.Identity
	Members   Members
	Wire      Wire
	Ask       peers.Ask
	Heartbeat func() time.Duration
	// Keys returns the names of this node's keys, the one that seals first. Nil without
	// a keyring.
	Keys       func() []string
	Encryption func() wire.Encryption
	// Conflicts returns the addresses that two nodes advertise.
	Conflicts func() []admission.Conflict
	// Unreached returns the addresses that members report as live, and that this node reaches in no way.
	Unreached func() []netip.AddrPort
	// Descriptors returns how many file descriptors the process may open, and has open.
	Descriptors            func() descriptors.Usage
	SmudgeVersion, Profile string
}

// Inspector inspects.
type Inspector struct {
	Config
	turn chan struct{} // held by the inspection under way
	now  func() time.Time
}

// New returns an Inspector.
func New(cfg Config) *Inspector {
	return &Inspector{Config: cfg, turn: make(chan struct{}, 1), now: time.Now}
}

// Record is what came of inspecting one member.
type Record struct {
	Member  member.Member
	Err     error // why there is no report, as peers.Survey returns it
	Report  *peerv1.InspectAnswer
	Link    *wire.Link    // this node's to it; nil when there is none
	Trip    time.Duration // from the question to the answer
	Offset  time.Duration // its clock less ours; true to half of Trip
	Measure bool          // Trip and Offset are known
}

// Inspect asks all live members at once, for answerWithin and until ctx is done, and
// returns a record for each member, ordered by address. Fails only with the error of ctx,
// while another inspection is under way: there is one at a time, so that the cluster is not
// asked more often than it can answer.
func (i *Inspector) Inspect(ctx context.Context) ([]Record, error) {
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	members, _ := i.Members.List()
	records := make([]Record, len(members))
	var own *Record
	for j, m := range members {
		records[j].Member = m
		if m.Local {
			own = &records[j]
			own.Report = i.report(i.links(), netip.AddrPort{})
		}
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	sent := i.now()
	question := &peerv1.Question{Question: &peerv1.Question_Inspect{Inspect: &peerv1.InspectQuestion{}}}
	errs := peers.Survey(ctx, i.Ask, members, question, func(j int, a *peerv1.Answer) error {
		return records[j].take(a.GetInspect(), sent, i.now())
	})
	// Our own list is of when the others told theirs, or it would differ by what came since;
	// the links are of now: what was asked, and not acknowledged, is in them.
	links := i.links()
	for j := range records {
		records[j].Err = errs[j]
		if l, ok := links[records[j].Member.Addr]; ok {
			records[j].Link = &l
		}
	}
	if own != nil {
		now := i.report(links, netip.AddrPort{})
		own.Report.Troubles, own.Report.MoreTroubles = now.GetTroubles(), now.GetMoreTroubles()
	}
	return records, nil
}

// take takes an answer. Its clock was read between the question and its arrival: halfway,
// as far as we can know (RFC 5905, with one time for both ends there).
func (r *Record) take(answer *peerv1.InspectAnswer, sent, came time.Time) error {
	if answer == nil {
		return peers.ErrNotUnderstood
	}
	r.Report = answer
	if c := answer.GetClock(); c.CheckValid() == nil {
		r.Trip, r.Measure = came.Sub(sent), true
		// Apart: times that carry a monotonic clock are not ours to compare with.
		r.Offset = c.AsTime().Sub(sent.Round(0).Add(r.Trip / 2))
	}
	return nil
}
