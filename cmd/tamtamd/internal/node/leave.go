// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
)

// Leave tells all members that this node leaves, and returns how many know of it and how
// many do not by the time that all do or ctx is done. Called again, it waits for the first
// call to return, and returns zeros. The node is of no use afterwards.
func (n *Node) Leave(ctx context.Context) (acknowledged, missed int) {
	all, first := 0, false
	n.do(func(time.Time) { all, first = n.core.Leave() })
	if !first {
		select {
		case <-n.gone:
		case <-ctx.Done():
		}
		return 0, 0
	}
	defer close(n.gone)
	select {
	case <-n.left:
	case <-ctx.Done():
	}
	missed = read(n, (*membership.Core).Owed)
	return all - missed, missed
}

// Remove removes a member, dead or alive, from all nodes. Its address is
// shut out until Join names it, or another session than the removed one greets from
// there. The signature is an operator's; see operator.Keys. With endedOnly, a live member is
// not removed. Fails with ErrBadAddress, ErrUnresolved, ErrSelf, ErrNotMember, ErrLive or
// operator.ErrUnsigned.
func (n *Node) Remove(ctx context.Context, address string, signature []byte, endedOnly bool) (member.Member, error) {
	targets, err := n.resolve(ctx, address)
	if err != nil {
		return member.Member{}, err
	}
	for _, a := range targets {
		if a == n.cfg.Self.Addr {
			return member.Member{}, fmt.Errorf("%s %w", a, ErrSelf)
		}
		m, _ := n.cfg.Table.Get(a)
		n.do(func(now time.Time) { err = n.core.Remove(now, a, signature, endedOnly) })
		if !errors.Is(err, ErrNotMember) {
			return m, err
		}
	}
	return member.Member{}, fmt.Errorf("%s is %w", address, ErrNotMember)
}
