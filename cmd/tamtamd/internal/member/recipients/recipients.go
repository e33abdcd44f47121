// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package recipients says to which members a user's question or message goes: to those at some
// addresses, and to those whose tags match. It is the same for both.
package recipients

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// What recipients are refused with, besides tags.ErrBad.
var (
	// ErrBad: they are wrong in any state of the cluster.
	ErrBad = errors.New("bad recipients")
	// ErrUnknown: an address is of no member.
	ErrUnknown = errors.New("not a member")
)

// Recipients are members. The zero value is all that are live.
type Recipients struct {
	Members []netip.AddrPort // any of them; all live ones if empty
	Tags    []*peerv1.TagCondition
}

// All reports whether all members are meant.
func (r Recipients) All() bool { return len(r.Members) == 0 && len(r.Tags) == 0 }

// Check fails with ErrBad or tags.ErrBad if there are too many members or conditions, or if a
// condition is not well-formed.
func (r Recipients) Check() error {
	size := 0
	for _, t := range r.Tags {
		size += proto.Size(t) + 2
	}
	switch {
	case len(r.Members) > limits.MaxQueryMembers:
		return fmt.Errorf("%w: %d members, want at most %d, or all", ErrBad, len(r.Members), limits.MaxQueryMembers)
	case len(r.Tags) > limits.MaxQueryTags || size > limits.MaxConditions:
		return fmt.Errorf("%w: %d conditions about tags of %d bytes, want at most %d of %d", ErrBad, len(r.Tags), size, limits.MaxQueryTags, limits.MaxConditions)
	}
	err := filter.CheckTags(r.Tags)
	if errors.Is(err, filter.ErrPattern) {
		return fmt.Errorf("%w: %w", ErrBad, err)
	}
	return err
}

// Among returns those of all members at the addresses, live or not, or all live ones if there are
// none; each once, ordered by address. It leaves tags out. Fails with ErrUnknown.
func (r Recipients) Among(all map[netip.AddrPort]member.Member) (some []member.Member, err error) {
	for _, a := range r.Members {
		m, ok := all[a]
		if !ok {
			return nil, fmt.Errorf("%s is %w", a, ErrUnknown)
		}
		some = append(some, m)
	}
	if len(r.Members) == 0 {
		for _, m := range all {
			if m.Status.Live() {
				some = append(some, m)
			}
		}
	}
	slices.SortFunc(some, func(a, b member.Member) int { return a.Addr.Compare(b.Addr) })
	return slices.CompactFunc(some, func(a, b member.Member) bool { return a.Addr == b.Addr }), nil
}
