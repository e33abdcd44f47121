// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/top/screen"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func at(s int64) time.Time { return time.Unix(s, 0) }

// TestLost: the time of the first failure counts, and a sample ends it; the data stays.
func TestLost(t *testing.T) {
	st := newState(time.Second)
	node := &tamtamv1.GetLocalNodeResponse{Member: &tamtamv1.Member{Address: "a:1", Name: "x\x1b"}, Started: timestamppb.New(at(0))}
	gone := &client.UnreachableError{Address: "a:1", Cause: "refused\n"}
	for i, c := range []struct {
		sample sample
		lost   string
		lostAt int64 // of the failure, if lost
		data   int64 // time of the data
	}{
		{sample{at: at(1), node: node}, "", 0, 1},
		{sample{at: at(2), err: gone}, `refused\n`, 2, 1},
		{sample{at: at(3), err: gone}, `refused\n`, 2, 1},
		{sample{at: at(4), node: node}, "", 0, 4},
		{sample{at: at(5), err: gone}, `refused\n`, 5, 4},
	} {
		st.sample(c.sample)
		d := st.data
		if d.Lost != c.lost || c.lost != "" && !d.LostAt.Equal(at(c.lostAt)) || !d.At.Equal(at(c.data)) || d.Name != `"x\x1b"` {
			t.Errorf("sample %d: %+v", i, d)
		}
	}
}

// TestChanges: only changes count, the newest first, and the oldest of too many are dropped.
func TestChanges(t *testing.T) {
	st := newState(time.Second)
	m := &tamtamv1.Member{Address: "b:1", Status: tamtamv1.MemberStatus_MEMBER_STATUS_DEAD}
	if st.event(tamtam.Event{Kind: tamtam.Present, Member: m}) || st.event(tamtam.Event{Kind: tamtam.Synced}) || len(st.data.Changes) != 0 {
		t.Errorf("%+v is not empty", st.data.Changes)
	}
	const more = 3
	for i := range maxChanges + more {
		if !st.event(tamtam.Event{Kind: tamtam.Change, Member: m, Change: &tamtamv1.MemberChange{Member: m, Time: timestamppb.New(at(int64(i)))}}) {
			t.Fatal("a change is not one")
		}
	}
	all := st.data.Changes
	if len(all) != maxChanges || !all[0].Time.Equal(at(maxChanges+more-1)) || !all[maxChanges-1].Time.Equal(at(more)) || all[0].Status != "DEAD" || all[0].Who != "b:1" {
		t.Errorf("%d changes, first %+v, last %+v", len(all), all[0], all[len(all)-1])
	}
}

func TestRow(t *testing.T) {
	loss := 0.0
	for _, c := range []struct {
		name   string
		member *tamtamv1.Member
		want   screen.Member
	}{
		{"nothing measured", &tamtamv1.Member{Address: "a:1", Status: tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE, StatusSince: timestamppb.New(at(1))},
			screen.Member{Address: "a:1", Status: "ALIVE", Since: at(1).UTC(), Loss: -1}},
		{"hostile", &tamtamv1.Member{Address: "b:1", Name: "\x1b", Version: "\n", Plain: true, Flapping: true, Loss: &loss, RoundTrip: durationpb.New(time.Second),
			Tags: map[string]string{"k": "\r"}, StatusSince: timestamppb.New(at(1))},
			screen.Member{Address: "b:1", Name: `"\x1b"`, Status: "UNSPECIFIED", Since: at(1).UTC(), Trip: time.Second, Version: `\n`, Notes: "plain, flapping", Flapping: true, Tags: `k=\r`}},
	} {
		if have := toRow(c.member); have != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, have, c.want)
		}
	}
}

// TestHistory: what became of members before the view started is shown, each change once, and a
// suspicion that became a death is one with it; a reporter has its name.
func TestHistory(t *testing.T) {
	const alive, suspected, dead = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE, tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED, tamtamv1.MemberStatus_MEMBER_STATUS_DEAD
	st := newState(time.Second)
	b, c := &tamtamv1.Member{Address: "b:1", Name: "beth", Status: alive}, &tamtamv1.Member{Address: "c:1", Name: "carl"}
	st.sample(sample{at: time.Now(), node: &tamtamv1.GetLocalNodeResponse{Member: &tamtamv1.Member{Address: "a:1"}}, members: []*tamtamv1.Member{b, c}})
	c.Status = dead
	st.sample(sample{at: time.Now(), node: &tamtamv1.GetLocalNodeResponse{Member: &tamtamv1.Member{Address: "a:1"}}, members: []*tamtamv1.Member{b, c}})
	if want := st.unknown(); !slices.Equal(want, []string{"c:1", "b:1"}) || st.unknown() != nil {
		t.Errorf("asked for %v", want)
	}
	ago := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(time.Now().Add(-d)) }
	died := ago(time.Minute)
	st.history(&tamtamv1.MemberHistory{Member: b, Earlier: 3, Steps: []*tamtamv1.MemberHistoryStep{
		{Time: ago(3 * time.Hour), Status: alive, Reason: tamtamv1.ChangeReason_CHANGE_REASON_JOINED},
		{Time: ago(30 * time.Minute), Status: alive, PreviousStatus: alive, Reason: tamtamv1.ChangeReason_CHANGE_REASON_RESTARTED},
		{Time: ago(2 * time.Minute), Status: suspected, Reason: tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER},
		{Time: died, Status: dead, Reason: tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER, ReportedBy: "c:1"},
	}})
	b.Status = suspected
	st.event(tamtam.Event{Kind: tamtam.Change, Member: b, Change: &tamtamv1.MemberChange{Member: b, Time: ago(61 * time.Second)}})
	b.Status = dead
	st.event(tamtam.Event{Kind: tamtam.Change, Member: b, Change: &tamtamv1.MemberChange{Member: b, Time: died}})
	var have []string
	for _, c := range st.data.Changes {
		have = append(have, c.Who+" "+c.Status+" "+c.Why)
	}
	if want := []string{"beth DEAD ", "beth RESTARTED it was restarted"}; !slices.Equal(have, want) {
		if want[0] = "beth DEAD no answer in time, reported by carl"; !slices.Equal(have, want) {
			t.Errorf("%q, want %q", have, want)
		}
	}
	if p := st.data.Pasts["b:1"]; p.Earlier != 3 || len(p.Steps) != 4 || p.Steps[3].By != "carl" || p.Steps[0].By != "" {
		t.Errorf("%+v", p)
	}
	st.inspection(inspection{InspectResponse: &tamtamv1.InspectResponse{Members: []*tamtamv1.Inspection{
		{Member: &tamtamv1.Member{Address: "a:1", Local: true, Status: alive}, Report: &tamtamv1.InspectionReport{Digest: 1}},
		{Member: b}, {Member: &tamtamv1.Member{Address: "c:1", Status: alive}, Answered: true, Report: &tamtamv1.InspectionReport{Digest: 2}},
	}}})
	if d := st.data; !d.Judged || d.Agree != 1 || d.Of != 2 || len(d.Problems) == 0 || d.Problems[0].Found != "it is DEAD" || !d.Problems[0].Failure {
		t.Errorf("%+v", d.Problems)
	}
}

// TestNotInspected: that the daemon does not inspect is not that there is no problem.
func TestNotInspected(t *testing.T) {
	st := newState(time.Second)
	st.inspection(inspection{InspectResponse: &tamtamv1.InspectResponse{Members: []*tamtamv1.Inspection{
		{Member: &tamtamv1.Member{Address: "a:1", Local: true}, Report: &tamtamv1.InspectionReport{Sealed: true}}, {Member: &tamtamv1.Member{Address: "b:1"}},
	}}})
	if d := st.data; !d.Judged || d.Encryption != "encrypted" {
		t.Errorf("%+v", d)
	}
	st.inspection(inspection{err: status.Error(codes.Unimplemented, "unknown method\n")})
	if d := st.data; d.Judged || d.Unjudged != `unknown method\n` || d.Problems != nil || d.Encryption != "encrypted" {
		t.Errorf("%+v", d)
	}
}

// TestMinutes: rates of the last minutes, and of the one under way once it is a second old.
func TestMinutes(t *testing.T) {
	st := newState(time.Second)
	minute := func(d time.Duration) *tamtamv1.CounterMinute {
		return &tamtamv1.CounterMinute{Duration: durationpb.New(d), Increments: map[string]uint64{"datagrams_sent": 120, "dropped_a": 30, "dropped_b": 30}}
	}
	st.minutes([]*tamtamv1.CounterMinute{minute(time.Minute), minute(10 * time.Second), minute(time.Second / 2)})
	if m := st.data.Minutes; len(m) != 2 || m[0].PacketsSent != 2 || m[1].PacketsSent != 12 || m[0].Dropped != 1 {
		t.Errorf("%+v", m)
	}
	if st.minutes(nil); st.data.Minutes != nil {
		t.Errorf("%+v", st.data.Minutes)
	}
}

// TestLinks: what a daemon says of links out of its own matrix is left out.
func TestLinks(t *testing.T) {
	st, loss := newState(time.Second), 0.5
	st.links(&tamtamv1.GetLinksResponse{Omitted: 1, Nodes: []*tamtamv1.LinkNode{
		{Address: "a:1", Name: "\x1b", Links: []*tamtamv1.NodeLink{{To: 1, RoundTrip: durationpb.New(time.Second), Loss: &loss}, {To: 7}}},
		{Address: "b:1", Error: "gone\n"},
	}})
	m := st.data.Links
	if len(m.Nodes) != 2 || m.Omitted != 1 || m.Nodes[0].Name != `"\x1b"` || m.Nodes[0].Links[0].Open || m.Nodes[0].Links[1] != (screen.Link{Open: true, Trip: time.Second, Loss: 0.5}) ||
		m.Nodes[1].Name != "b:1" || m.Nodes[1].Error != `gone\n` {
		t.Errorf("%+v", m)
	}
}
