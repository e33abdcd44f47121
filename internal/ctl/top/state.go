// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctl/top/screen"
	"github.com/eelcocramer/tamtam/internal/doctor"
	"github.com/eelcocramer/tamtam/internal/escape"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// maxChanges is how many of the last changes are kept.
const maxChanges = 200

// state makes data for the screen from samples and events. It does no IO.
type state struct {
	data  screen.Data
	meter *screen.Meter
	asked map[string]bool // members whose history was asked for
	seen  []screen.Change // of the watch, the newest first
	local string          // address of the node

	unready bool // the node is not ready
}

func newState(every time.Duration) *state {
	// Samples come a little late or early. Those that come much sooner, because of a
	// change, are too close for a rate.
	return &state{meter: screen.NewMeter(every * 3 / 4), asked: map[string]bool{}}
}

func (st *state) sample(s sample) {
	d := &st.data
	if s.err != nil {
		if d.Lost == "" {
			d.LostAt = s.at
		}
		d.Lost = render.Escape(client.Briefly(s.err))
		return
	}
	self := s.node.GetMember()
	d.Name, d.Address, d.Cluster, d.Profile = render.Name(self), self.GetAddress(), render.Escape(s.node.GetClusterName()), s.node.GetProfile()
	d.Started, d.Detection = s.node.GetStarted().AsTime().Local(), s.node.GetDetectionTime().AsDuration()
	d.Lost, d.At, st.local = "", s.at, self.GetAddress()
	removal := s.node.GetRemoval()
	st.unready = s.node.GetUnready() != ""
	d.Removed, d.Remedy = render.Escape(removal.GetFound()), render.Escape(removal.GetRemedy())
	d.Rates = st.meter.Rates(d.Started, s.at, s.counters)
	d.Members = make([]screen.Member, 0, len(s.members))
	for _, m := range s.members {
		d.Members = append(d.Members, toRow(m))
	}
}

// event takes an event of the watch, and reports whether it is a change.
func (st *state) event(e tamtam.Event) bool {
	if e.Kind != tamtam.Change {
		return false
	}
	at := time.Now()
	if t := e.Change.GetTime(); t != nil {
		at = t.AsTime().Local()
	}
	c := screen.Change{
		Time: at, Status: changeStatus(render.ChangeStatus(e), e.Change.GetReason()), Who: who(e.Member),
		Why: st.named(strings.TrimPrefix(render.Because(e), ": ")),
	}
	st.seen = append([]screen.Change{c}, st.seen[:min(len(st.seen), maxChanges-1)]...)
	st.changes()
	return true
}

// who is what people call a member.
func who(m *tamtamv1.Member) string {
	if m.GetName() == "" {
		return m.GetAddress()
	}
	return render.Name(m)
}

// changeStatus is the status after a change, and RESTARTED of a restart, which leaves it.
func changeStatus(status string, why tamtamv1.ChangeReason) string {
	if why == tamtamv1.ChangeReason_CHANGE_REASON_RESTARTED {
		return "RESTARTED"
	}
	return status
}

// named puts the name of a reporter in place of its address, which ends a sentence.
func (st *state) named(sentence string) string {
	for _, m := range st.data.Members {
		if m.Name != "" && strings.HasSuffix(sentence, "by "+m.Address) {
			return strings.TrimSuffix(sentence, m.Address) + m.Name
		}
	}
	return sentence
}

// nameOf is what people call the member at an address.
func (st *state) nameOf(address string) string {
	for _, m := range st.data.Members {
		if m.Address == address && m.Name != "" {
			return m.Name
		}
	}
	return address
}

// unknown returns the members whose histories must be asked for, each once: first those that are
// not alive, since of many members it takes a while.
func (st *state) unknown() (addresses []string) {
	asked := make(map[string]bool, len(st.data.Members)) // without those that are gone
	var alive []string
	for _, m := range st.data.Members {
		switch asked[m.Address] = true; {
		case st.asked[m.Address]:
		case m.Status == "ALIVE":
			alive = append(alive, m.Address)
		default:
			addresses = append(addresses, m.Address)
		}
	}
	st.asked = asked
	return append(addresses, alive...)
}

// history takes the history of a member, in place of an earlier one.
func (st *state) history(h *tamtamv1.MemberHistory) {
	m := h.GetMember()
	p := screen.Past{Earlier: h.GetEarlier()}
	for _, s := range h.GetSteps() {
		status := changeStatus(render.Status(s.GetStatus()), s.GetReason())
		if s.GetRemoved() {
			status = render.Removed
		}
		p.Steps = append(p.Steps, screen.Change{
			Time: s.GetTime().AsTime().Local(), Status: status, Who: who(m),
			Why: st.named(render.Cause{Member: m.GetAddress(), Local: st.local, Reporter: s.GetReportedBy(), Reason: s.GetReason(), Status: s.GetStatus()}.Sentence()),
			By:  st.nameOf(s.GetReportedBy()),
		})
	}
	all := map[string]screen.Past{}
	for address, old := range st.data.Pasts { // of those that are gone, for as long as their changes are shown
		if st.asked[address] || time.Since(old.Steps[len(old.Steps)-1].Time) < before {
			all[address] = old
		}
	}
	if len(p.Steps) == 0 {
		return
	}
	all[m.GetAddress()] = p
	st.data.Pasts = all
	st.changes()
}

// before is how far back changes are shown.
const before = time.Hour

// changes makes the last changes of the histories and of the watch, each once. A suspicion that
// became a death is one with it.
func (st *state) changes() {
	var all []*screen.Change
	for i := range st.seen {
		all = append(all, &st.seen[i])
	}
	for _, p := range st.data.Pasts {
		for i := range p.Steps {
			c := &p.Steps[i]
			suspicion := c.Status == "SUSPECTED" && i+1 < len(p.Steps) && p.Steps[i+1].Status == "DEAD"
			if time.Since(c.Time) < before && !suspicion {
				all = append(all, c)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *screen.Change) int { return b.Time.Compare(a.Time) })
	all = slices.CompactFunc(all, func(older, newer *screen.Change) bool {
		return older.Who == newer.Who && (older.Time.Equal(newer.Time) || older.Status == "SUSPECTED" && newer.Status == "DEAD")
	})
	st.data.Changes = nil
	for _, c := range all[:min(len(all), maxChanges)] {
		st.data.Changes = append(st.data.Changes, *c)
	}
}

// minutes takes by how much counters grew in the last minutes. The one under way counts from its
// second second on: before, a single packet would be a high rate.
func (st *state) minutes(all []*tamtamv1.CounterMinute) {
	st.data.Minutes = nil
	for _, m := range all {
		d := m.GetDuration().AsDuration()
		if d < time.Second {
			continue
		}
		st.data.Minutes = append(st.data.Minutes, screen.RatesOf(m.GetIncrements(), d))
	}
}

// inspection takes what doctor finds in an inspection.
func (st *state) inspection(i inspection) {
	d, r := &st.data, i.InspectResponse
	d.Judged, d.Unjudged, d.Problems = i.err == nil, "", nil
	if i.err != nil {
		d.Unjudged = render.Escape(client.Briefly(i.err))
		return
	}
	for _, m := range r.GetMembers() {
		if d.Encryption = "not encrypted"; m.GetMember().GetLocal() && m.GetReport().GetSealed() {
			d.Encryption = "encrypted"
			break
		}
	}
	d.Agree, d.Of = doctor.Agreement(r)
	for _, f := range doctor.Wrong(doctor.Examine(r, buildinfo.Read().Version, st.unready)) {
		d.Problems = append(d.Problems, screen.Problem{
			Failure: f.Verdict == doctor.Failure, Member: f.Member, Name: escape.Name(f.Name),
			Found: render.Escape(f.Found), Remedy: render.Escape(f.Do),
		})
	}
}

// links takes a matrix. Indexes that are out of it are left out.
func (st *state) links(r *tamtamv1.GetLinksResponse) {
	m := &screen.Matrix{At: r.GetTime().AsTime().Local(), Omitted: int(r.GetOmitted())}
	for _, n := range r.GetNodes() {
		one := screen.Node{Name: cmp.Or(render.Name(n), render.Escape(n.GetAddress())), Error: render.Escape(n.GetError()), Links: make([]screen.Link, len(r.GetNodes()))}
		for _, l := range n.GetLinks() {
			if int(l.GetTo()) >= len(one.Links) {
				continue
			}
			link := screen.Link{Open: true, Trip: l.GetRoundTrip().AsDuration(), Loss: -1}
			if l.Loss != nil {
				link.Loss = l.GetLoss()
			}
			one.Links[l.GetTo()] = link
		}
		m.Nodes = append(m.Nodes, one)
	}
	st.data.Links = m
}

// toRow makes a row of a member. Its texts come from that member, and are escaped.
func toRow(m *tamtamv1.Member) screen.Member {
	row := screen.Member{
		Address: m.GetAddress(), Name: render.Name(m), Status: render.Status(m.GetStatus()),
		Since: m.GetStatusSince().AsTime(), Loss: -1,
		Version: render.Escape(m.GetVersion()), Notes: strings.Join(render.Notes(m), ", "), Tags: render.Tags(m), Flapping: m.GetFlapping(),
	}
	if m.GetRoundTrip() != nil {
		row.Trip = m.GetRoundTrip().AsDuration()
	}
	if m.Loss != nil {
		row.Loss = m.GetLoss()
	}
	return row
}
