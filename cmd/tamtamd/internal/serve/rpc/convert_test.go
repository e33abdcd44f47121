// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestMember: what the API reports of a member in each state.
func TestMember(t *testing.T) {
	share := 0.5
	trip := node.PeerState{Timestamp: 1, RoundTrip: time.Millisecond, Loss: &share}
	for _, c := range []struct {
		m    member.Member
		want string
	}{
		{member.Member{Addr: alice, Status: member.Alive, Info: member.Info{Session: 1}}, "ALIVE trip loss"},
		{member.Member{Addr: alice, Status: member.Suspected, Info: member.Info{Session: 1}}, "SUSPECTED loss"},
		{member.Member{Addr: alice, Status: member.Dead}, "DEAD plain"},
		{member.Member{Addr: alice, Status: member.Dead, By: bob, Why: member.NoAnswer, Info: member.Info{Session: 1}}, "DEAD NO_ANSWER found by " + bob.String()},
		{member.Member{Addr: alice, Status: member.Left, Flapping: true, Info: member.Info{Session: 1}}, "LEFT flapping"},
		{member.Member{Addr: alice, Status: member.Suspected, Via: bob, Info: member.Info{Session: 1}}, "SUSPECTED by " + bob.String() + " loss"},
	} {
		m := toMember(c.m, trip)
		have := strings.TrimPrefix(m.GetStatus().String(), "MEMBER_STATUS_")
		if m.GetPlain() {
			have += " plain"
		}
		if m.GetFlapping() {
			have += " flapping"
		}
		if m.GetReason() != 0 {
			have += " " + strings.TrimPrefix(m.GetReason().String(), "CHANGE_REASON_")
		}
		if m.GetReportedBy() != "" {
			have += " found by " + m.GetReportedBy()
		}
		if m.GetVia() != "" {
			have += " by " + m.GetVia()
		}
		if m.RoundTrip != nil {
			have += " trip"
		}
		if m.GetLoss() == share {
			have += " loss"
		}
		if have != c.want {
			t.Errorf("%+v is %q, want %q", c.m, have, c.want)
		}
	}
}

// TestChange: the reporter, and the time.
func TestChange(t *testing.T) {
	c := toChange(member.Change{Revision: 5, Time: start, Member: member.Member{Addr: alice, Status: member.Dead}, Previous: member.Alive, By: bob}).GetChange()
	if c.GetReportedBy() != bob.String() || !c.GetTime().AsTime().Equal(start) || c.GetPreviousStatus() != tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE {
		t.Errorf("got %v", c)
	}
	if c := toChange(member.Change{Member: member.Member{Addr: alice}}).GetChange(); c.GetReportedBy() != "" {
		t.Errorf("got %v", c)
	}
}

// TestStatus2018: the API of 2018 has no status for a member that has left.
func TestStatus2018(t *testing.T) {
	for s, want := range map[member.Status]service.Node_Status{
		member.Alive: service.Node_ALIVE, member.Suspected: service.Node_SUSPECTED,
		member.Dead: service.Node_DEAD, member.Left: service.Node_DEAD, 0: service.Node_UNKNOWN,
	} {
		if have := status2018(s); have != want {
			t.Errorf("%v is %v, want %v", s, have, want)
		}
	}
}
