// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"
	"net/netip"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// toReason is the reason of the API with the name of ours, unspecified when it has none.
func toReason(r member.Reason) tamtamv1.ChangeReason {
	return tamtamv1.ChangeReason(tamtamv1.ChangeReason_value["CHANGE_REASON_"+r.String()])
}

// toReporter returns the reporter's address, empty if not known.
func toReporter(by netip.AddrPort) string {
	if !by.IsValid() {
		return ""
	}
	return by.String()
}

func (s *v1) GetMemberHistory(
	_ context.Context, r *tamtamv1.GetMemberHistoryRequest,
) (*tamtamv1.GetMemberHistoryResponse, error) {
	name := r.GetMember()
	if name == "" {
		return nil, toStatus(fmt.Errorf("%w: member is empty: want an address or a name", errInvalid))
	}
	// A name may look like an address: either is a match.
	address := addressOf(name, s.Self.Addr.Port())
	found := s.Members.History(func(m member.Member) bool { return m.Addr == address || m.Name == name })
	if len(found) == 0 {
		return nil, toStatus(fmt.Errorf("no record of %q: it is %w, and was not one recently", name, node.ErrNotMember))
	}
	states := s.Node.Peers()
	out := &tamtamv1.GetMemberHistoryResponse{}
	for _, h := range found {
		one := &tamtamv1.MemberHistory{
			Member: toMember(h.Member, states[h.Member.Addr]), Removed: h.Removed, Earlier: h.Earlier,
		}
		for _, step := range h.Steps {
			one.Steps = append(one.Steps, &tamtamv1.MemberHistoryStep{
				Time:           timestamppb.New(step.Time),
				PreviousStatus: statuses[step.Previous],
				Status:         statuses[step.Status],
				Removed:        step.Removed,
				ReportedBy:     toReporter(step.By),
				Reason:         toReason(step.Reason),
				Caller:         step.Caller,
				PreviousName:   step.Named,
			})
		}
		out.Histories = append(out.Histories, one)
	}
	return out, nil
}

// addressOf parses an IP with or without a port; port is the default. It returns the zero
// AddrPort for other text.
func addressOf(s string, port uint16) netip.AddrPort {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.AddrPortFrom(a.Unmap(), port)
	}
	return netip.AddrPort{}
}
