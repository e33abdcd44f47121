// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/doctor"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// inspection is one in which all members of the table answer and agree.
func inspection(table *member.Table) *tamtamv1.InspectResponse {
	members, _ := table.List()
	r := &tamtamv1.InspectResponse{}
	for _, m := range members {
		r.Members = append(r.Members, &tamtamv1.Inspection{
			Member: &tamtamv1.Member{
				Address: m.Addr.String(), Name: m.Name, Local: m.Local, Session: m.Session, Version: "v1",
				Status: tamtamv1.MemberStatus(tamtamv1.MemberStatus_value["MEMBER_STATUS_"+m.Status.String()]),
			},
			Answered: !m.Local,
			Report:   &tamtamv1.InspectionReport{Version: "v1", Digest: 7, Alive: uint32(len(members))},
		})
	}
	return r
}

func (b *bench) problems() problemsView {
	b.t.Helper()
	code, body, _ := b.do("GET", "/problems.json")
	if code != 200 {
		b.t.Fatalf("%d %s", code, body)
	}
	var v problemsView
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		b.t.Fatal(err)
	}
	return v
}

// TestProblems: the page says what package doctor says, and a death at once, although the
// members are asked seldom.
func TestProblems(t *testing.T) {
	b := serve(t)
	b.table.Put(alice, member.Info{Session: 2, Name: "alice"})
	b.table.Put(bob, member.Info{Session: 3, Name: "bob"})
	asked := 0
	b.inspect = func() (*tamtamv1.InspectResponse, error) {
		asked++
		r := inspection(b.table)
		r.Members[2].Report.Digest = 8
		return r, nil
	}
	v := b.problems()
	if v.Agree != 2 || v.Of != 3 || v.At != start.UnixMilli() || len(v.Problems) != 1 || v.Problems[0].Check != "views" || v.Problems[0].Name != "bob" {
		t.Errorf("%+v", v)
	}
	for _, f := range doctor.Wrong(doctor.Examine(mustInspect(t, b), "v1", true)) {
		if f.Found != v.Problems[0].Found || f.Do != v.Problems[0].Remedy || string(f.Verdict) != v.Problems[0].Verdict {
			t.Errorf("doctor says %+v, the page %+v", f, v.Problems[0])
		}
	}
	asked = 1
	b.table.Set(alice, member.Dead, bob)
	carol := netip.MustParseAddrPort("192.0.2.4:9999")
	b.table.Put(carol, member.Info{Session: 4, Name: "carol"}) // not judged yet
	b.pass(inspectEvery - time.Millisecond)
	v = b.problems()
	if asked != 1 || len(v.Problems) != 2 || v.Problems[0].Name != "alice" || v.Problems[0].Verdict != "failure" || v.Problems[0].Found != "it is DEAD" || v.Of != 2 {
		t.Errorf("asked %d times; %+v", asked, v)
	}
	b.table.Set(carol, member.Dead, bob)
	if v = b.problems(); len(v.Problems) != 3 || v.Problems[1].Name != "carol" {
		t.Errorf("one that came and died: %+v", v)
	}
	b.table.Remove(alice, self, member.GivenUp)
	if v = b.problems(); len(v.Problems) != 2 {
		t.Errorf("one that was removed: %+v", v)
	}
	b.pass(time.Millisecond)
	b.problems()
	if asked != 2 {
		t.Errorf("asked %d times, want 2", asked)
	}
}

func mustInspect(t *testing.T, b *bench) *tamtamv1.InspectResponse {
	t.Helper()
	r, err := b.inspect()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestInspectedOnce: many readers cost the members as much as one.
func TestInspectedOnce(t *testing.T) {
	b := serve(t)
	var asked atomic.Int32
	b.inspect = func() (*tamtamv1.InspectResponse, error) {
		asked.Add(1)
		return inspection(b.table), nil
	}
	var readers sync.WaitGroup
	for range 10 {
		readers.Go(func() { b.do("GET", "/problems.json") })
	}
	readers.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	b.pass(inspectEvery)
	b.inspect = func() (*tamtamv1.InspectResponse, error) { return nil, errors.New("it ends") }
	if code, body, _ := b.do("GET", "/problems.json"); code != 503 || !strings.Contains(body, "it ends") {
		t.Errorf("%d %q", code, body)
	}
}

func TestHistory(t *testing.T) {
	b := serve(t)
	b.table.Put(alice, member.Info{Session: 2})
	b.pass(3 * time.Hour)
	b.table.Set(alice, member.Dead, bob)
	code, body, _ := b.do("GET", "/history.json?member="+alice.String())
	var v historyView
	if err := json.Unmarshal([]byte(body), &v); code != 200 || err != nil || len(v.Steps) != 2 || v.Steps[1].To != "DEAD" || v.Steps[1].By != bob.String() {
		t.Errorf("%d %s", code, body)
	}
	if code, body, _ := b.do("GET", "/history.json?member=192.0.2.77:1"); code != 200 || !strings.Contains(body, `"steps":[]`) {
		t.Errorf("nobody: %d %s", code, body)
	}
	if code, body, _ := b.do("GET", "/history.json?member=alice"); code != 400 || !strings.Contains(body, "192.0.2.1:9999") {
		t.Errorf("a name: %d %s", code, body)
	}
}
