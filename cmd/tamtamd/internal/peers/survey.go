// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"errors"
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// Why a survey has no answer of a member, besides ErrNoAnswer and ErrRefused.
var (
	// ErrNotAlive: the member is dead or has left, and was not asked.
	ErrNotAlive = errors.New("it is not alive")
	// ErrPlain: the member is a plain Smudge node, and was not asked.
	ErrPlain = errors.New("it is plain, and cannot be asked")
	// ErrNotUnderstood: the answer is not one to the question.
	ErrNotUnderstood = errors.New("its answer is not understood")
)

// Ask asks many members at once, and calls do, one at a time, with the answer of each, or
// with why there is none; Queries.Each is one.
type Ask func(ctx context.Context, to []netip.AddrPort, q *peerv1.Question, do func(netip.AddrPort, *peerv1.Answer, error))

// Survey asks members one question, all at once, and calls read, one at a time, with the
// place of a member and its answer. It returns for each member, in their order, why there
// is no answer: ErrNotAlive, ErrPlain, an error of ask, or the error of read. This node is
// not asked, and has no error: the caller adds its own answer.
func Survey(ctx context.Context, ask Ask, members []member.Member, q *peerv1.Question, read func(i int, a *peerv1.Answer) error) []error {
	errs := make([]error, len(members))
	place := make(map[netip.AddrPort]int, len(members))
	var to []netip.AddrPort
	for i, m := range members {
		switch {
		case m.Local:
		case !m.Status.Live():
			errs[i] = ErrNotAlive
		case m.Plain():
			errs[i] = ErrPlain
		default:
			place[m.Addr] = i
			to = append(to, m.Addr)
		}
	}
	ask(ctx, to, q, func(a netip.AddrPort, answer *peerv1.Answer, err error) {
		i := place[a]
		if err == nil {
			err = read(i, answer)
		}
		errs[i] = err
	})
	return errs
}
