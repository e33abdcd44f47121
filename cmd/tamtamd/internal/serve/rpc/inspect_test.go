// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/inspect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (f *fake) Inspect(ctx context.Context) ([]inspect.Record, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		panic("an inspection without a bound")
	}
	members, _ := f.table.List()
	records := []inspect.Record{{Member: members[0], Report: &peerv1.InspectAnswer{Version: "v1", Keys: []string{"k"}}}}
	for _, m := range members[1:] {
		records = append(records, inspect.Record{
			Member: m, Measure: true, Trip: time.Second, Offset: -time.Minute,
			Link: &wire.Link{Source: alice, Sent: 1, Resent: 2, Received: 3, Duplicates: 4, Heard: 5 * time.Millisecond, Unacked: 6 * time.Millisecond, RoundTrip: 7},
			Report: &peerv1.InspectAnswer{
				Version: "v2", MaxPayloadBytes: 9, Asker: self.String(), AskerSession: 7, AskerStatus: 2, MoreTroubles: 3, Encryption: "accept",
				DescriptorLimit: 64, DescriptorsOpen: 20, DescriptorsWanted: 448,
				Troubles: []*peerv1.Trouble{
					{Ip: bob.Addr().AsSlice(), Port: 9999, Status: 3, HeardMs: proto.Uint32(1500), UnackedMs: 2500},
					{Ip: bob.Addr().AsSlice(), Port: 1, Status: 99, Via: peers.EncodeAddr(alice)},
					{Ip: []byte{1, 2, 3}, Port: 1},
					{Ip: bob.Addr().AsSlice(), Port: 1 << 20},
				},
			},
		})
	}
	return append(records,
		inspect.Record{Err: fmt.Errorf("%w: no", peers.ErrRefused)},
		inspect.Record{Err: peers.ErrNoAnswer}), f.err
}

func TestInspect(t *testing.T) {
	f, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)
	r, err := c.Inspect(ctx, &tamtamv1.InspectRequest{})
	if err != nil || len(r.GetMembers()) != 4 {
		t.Fatalf("%v, %v", r, err)
	}
	me, other := r.GetMembers()[0], r.GetMembers()[1]
	if !me.GetMember().GetLocal() || !me.GetAnswered() || me.GetReport().GetKeys()[0] != "k" || me.RoundTrip != nil || me.ClockOffset != nil || me.Link != nil {
		t.Errorf("this node: %v", me)
	}
	report := other.GetReport()
	if !other.GetAnswered() || other.GetError() != "" || other.GetRoundTrip().AsDuration() != time.Second || other.GetClockOffset().AsDuration() != -time.Minute ||
		report.GetKnownAddress() != self.String() || report.GetKnownSession() != 7 || report.GetMoreTroubles() != 3 || report.GetEncryption() != "accept" ||
		report.GetKnownStatus() != tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED || report.GetMaxPayloadBytes() != 9 ||
		report.GetDescriptorLimit() != 64 || report.GetDescriptorsOpen() != 20 || report.GetDescriptorsWanted() != 448 {
		t.Errorf("another: %v", other)
	}
	if l := other.GetLink(); l.GetSource() != alice.String() || l.GetSent() != 1 || l.GetResent() != 2 || l.GetReceived() != 3 || l.GetDuplicates() != 4 ||
		l.GetHeard().AsDuration() != 5*time.Millisecond || l.GetUnacknowledged().AsDuration() != 6*time.Millisecond || l.GetRoundTrip().AsDuration() != 7 {
		t.Errorf("link: %v", l)
	}
	ts := report.GetTroubles()
	if len(ts) != 2 || ts[0].GetAddress() != bob.String() || ts[0].GetStatus() != tamtamv1.MemberStatus_MEMBER_STATUS_DEAD ||
		ts[0].GetHeard().AsDuration() != 1500*time.Millisecond || ts[0].GetUnacknowledged().AsDuration() != 2500*time.Millisecond ||
		ts[0].GetVia() != "" || ts[1].GetStatus() != 0 || ts[1].Heard != nil || ts[1].GetVia() != alice.String() {
		t.Errorf("troubles: %v", ts)
	}
	if x := r.GetMembers()[2]; !x.GetAnswered() || x.GetError() == "" || x.Report != nil {
		t.Errorf("refused: %v", x)
	}
	if x := r.GetMembers()[3]; x.GetAnswered() || x.GetError() == "" {
		t.Errorf("no answer: %v", x)
	}
	if u := r.GetUnreadable(); len(u) != 1 || u[0].GetIp() != bob.Addr().String() {
		t.Errorf("unreadable: %v", u)
	}
	if u := r.GetRefusedPlain(); len(u) != 1 || u[0].GetIp() != alice.Addr().String() {
		t.Errorf("refused plain Smudge nodes: %v", u)
	}

	f.err = context.DeadlineExceeded
	_, err = c.Inspect(ctx, &tamtamv1.InspectRequest{})
	code(t, err, codes.DeadlineExceeded)
}

func TestUnreadableIsBounded(t *testing.T) {
	now := start
	many := map[netip.Addr]time.Time{}
	a := netip.MustParseAddr("192.0.2.1")
	for i := range 2 * maxUnreadable {
		many[a] = now.Add(-time.Duration(i) * time.Millisecond)
		a = a.Next()
	}
	got := sources(many, now)
	if len(got) != maxUnreadable || got[0].GetIp() != "192.0.2.1" || got[maxUnreadable-1].GetAge().AsDuration() != (maxUnreadable-1)*time.Millisecond {
		t.Errorf("%d, %v", len(got), got)
	}
}
