// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// TestSurvey: those are asked that can be, and each member has its answer or its error.
func TestSurvey(t *testing.T) {
	silent, unread := errors.New("it says nothing"), errors.New("unread")
	session := member.Info{Session: 1}
	all := []struct {
		member.Member
		asked  bool
		answer error // of asking
		want   error
	}{
		{Member: member.Member{Local: true, Status: member.Alive}},
		{Member: member.Member{Info: session, Status: member.Alive}, asked: true},
		{Member: member.Member{Info: session, Status: member.Suspected}, asked: true, answer: silent, want: silent},
		{Member: member.Member{Info: session, Status: member.Dead}, want: ErrNotAlive},
		{Member: member.Member{Info: session, Status: member.Left}, want: ErrNotAlive},
		{Member: member.Member{Status: member.Alive}, want: ErrPlain},
		{Member: member.Member{Status: member.Dead}, want: ErrNotAlive},
		{Member: member.Member{Info: session, Status: member.Alive}, asked: true, want: unread},
	}
	var members []member.Member
	var asked []netip.AddrPort
	answers := map[netip.AddrPort]error{}
	for i, m := range all {
		m.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 9999)
		members = append(members, m.Member)
		if m.asked {
			asked = append(asked, m.Addr)
		}
		answers[m.Addr] = m.answer
	}
	question := &peerv1.Question{}
	ask := func(_ context.Context, to []netip.AddrPort, q *peerv1.Question, do func(netip.AddrPort, *peerv1.Answer, error)) {
		if !slices.Equal(to, asked) || q != question {
			t.Errorf("%v are asked, want %v", to, asked)
		}
		for _, a := range to {
			do(a, &peerv1.Answer{Error: a.String()}, answers[a])
		}
	}
	errs := Survey(t.Context(), ask, members, question, func(i int, a *peerv1.Answer) error {
		if a.GetError() != members[i].Addr.String() {
			t.Errorf("%v has the answer of %s", members[i].Addr, a.GetError())
		}
		return all[i].want
	})
	for i, m := range all {
		if errs[i] != m.want {
			t.Errorf("%+v: %v, want %v", m.Member, errs[i], m.want)
		}
	}
}
