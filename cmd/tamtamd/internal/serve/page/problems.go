// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/doctor"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// inspectEvery is the least time between two inspections of the cluster. What this
	// node knows itself, the status of each member, is judged again at each request.
	inspectEvery = 10 * time.Second
	// maxProblems bounds the findings of an answer, failures first.
	maxProblems = 100
)

type (
	problemsView struct {
		At       int64         `json:"at"` // time of the inspection
		OK       int           `json:"ok"` // checks that found nothing
		Skipped  int           `json:"skipped"`
		Agree    int           `json:"agree"` // members that list the same live members as this node
		Of       int           `json:"of"`    // members that could be asked
		Omitted  int           `json:"omitted"`
		Problems []problemView `json:"problems"`
	}
	problemView struct {
		Check   string `json:"check"`
		Verdict string `json:"verdict"` // warning or failure
		Member  string `json:"member"`  // its address; empty if it is about the cluster
		Name    string `json:"name"`
		Found   string `json:"found"`
		Remedy  string `json:"remedy"`
	}
)

// judge keeps the last inspection.
type judge struct {
	turn chan struct{} // held by the request that inspects

	mu   sync.Mutex // guards what follows
	last *tamtamv1.InspectResponse
	at   time.Time
}

// inspection returns an inspection that is at most inspectEvery old, and its time. Requests
// share it: the members are asked as often for many readers as for one.
func (p *Page) inspection(ctx context.Context) (*tamtamv1.InspectResponse, time.Time, error) {
	j := &p.judge
	fresh := func() (*tamtamv1.InspectResponse, time.Time) {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.last == nil || p.cfg.Now().Sub(j.at) >= inspectEvery {
			return nil, time.Time{}
		}
		return j.last, j.at
	}
	if r, at := fresh(); r != nil {
		return r, at, nil
	}
	select {
	case j.turn <- struct{}{}:
		defer func() { <-j.turn }()
	case <-ctx.Done():
		return nil, time.Time{}, ctx.Err()
	}
	if r, at := fresh(); r != nil {
		return r, at, nil
	}
	r, err := p.cfg.Inspect(context.WithoutCancel(ctx)) // others wait for it
	if err != nil {
		return nil, time.Time{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last, j.at = r, p.cfg.Now()
	return r, j.at, nil
}

// update returns an inspection with the members as they are now: a death is told at once, not
// with the next inspection. A member that is new since is not judged before that.
func update(r *tamtamv1.InspectResponse, members []member.Member) *tamtamv1.InspectResponse {
	now := make(map[string]member.Member, len(members))
	for _, m := range members {
		now[m.Addr.String()] = m
	}
	out := &tamtamv1.InspectResponse{}
	proto.Merge(out, r)
	kept := out.GetMembers()[:0]
	for _, i := range out.GetMembers() {
		address := i.GetMember().GetAddress()
		m, ok := now[address]
		if !ok {
			continue // removed since
		}
		delete(now, address)
		was := i.GetMember().GetStatus()
		i.Member.Status = tamtamv1.MemberStatus(tamtamv1.MemberStatus_value["MEMBER_STATUS_"+m.Status.String()])
		i.Member.Flapping = m.Flapping
		if !liveStatus(was) && m.Status.Live() {
			continue // it was not asked
		}
		kept = append(kept, i)
	}
	out.Members = kept
	for address, m := range now {
		if m.Status == member.Dead { // it came and died since
			out.Members = append(out.Members, &tamtamv1.Inspection{Member: &tamtamv1.Member{
				Address: address, Name: m.Name, Status: tamtamv1.MemberStatus_MEMBER_STATUS_DEAD, Session: m.Session, Plain: m.Plain(),
			}})
		}
	}
	return out
}

func liveStatus(s tamtamv1.MemberStatus) bool {
	return s == tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE || s == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
}

func (p *Page) problems(w http.ResponseWriter, r *http.Request) {
	inspection, at, err := p.inspection(r.Context())
	if err != nil {
		http.Error(w, "the members could not be asked: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	members, _ := p.cfg.Members.List()
	inspection = update(inspection, members)
	v := problemsView{At: at.UnixMilli(), Problems: []problemView{}}
	v.Agree, v.Of = doctor.Agreement(inspection)
	findings := doctor.Examine(inspection, p.cfg.Self.Version, p.cfg.State.Unready() != "")
	sum := doctor.Summarize(findings)
	v.OK, v.Skipped = sum.OK, sum.Skipped
	for _, f := range doctor.Wrong(findings) {
		if len(v.Problems) == maxProblems {
			v.Omitted++
			continue
		}
		v.Problems = append(v.Problems, problemView{f.Check, string(f.Verdict), f.Member, f.Name, f.Found, f.Do})
	}
	answer(w, v)
}

type historyView struct {
	Earlier int        `json:"earlier"` // changes that are no longer kept
	Steps   []stepView `json:"steps"`   // the oldest first
}

// history answers with all changes of a member that are kept.
func (p *Page) history(w http.ResponseWriter, r *http.Request) {
	text := r.URL.Query().Get("member")
	address, err := netip.ParseAddrPort(text)
	if err != nil {
		http.Error(w, "member: want the address of a member, as 192.0.2.1:9999", http.StatusBadRequest)
		return
	}
	v := historyView{Steps: []stepView{}}
	for _, h := range p.cfg.Members.History(func(m member.Member) bool { return m.Addr == address }) {
		v.Earlier = int(h.Earlier)
		for _, s := range h.Steps {
			v.Steps = append(v.Steps, showStep(s))
		}
	}
	answer(w, v)
}
