// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"errors"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	"github.com/eelcocramer/tamtam/internal/ctl/top"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// maxTopChanges is how many of the last changes are kept.
const maxTopChanges = 200

// topState makes what top shows of what its feed brings. It does no IO.
type topState struct {
	data  top.Data
	meter *top.Meter
}

func newTopState(every time.Duration) *topState {
	// Looks come a little late or early; those that come much sooner are of changes.
	return &topState{meter: top.NewMeter(every * 3 / 4)}
}

func (s *topState) look(l topLook) {
	d := &s.data
	if l.err != nil {
		if d.Lost == "" {
			d.LostAt = l.at
		}
		d.Lost = escape(briefly(l.err))
		return
	}
	self := l.node.GetMember()
	d.Name, d.Address, d.Cluster, d.Profile = escape(self.GetName()), self.GetAddress(), escape(l.node.GetClusterName()), l.node.GetProfile()
	d.Started, d.Detection = l.node.GetStarted().AsTime().Local(), l.node.GetDetectionTime().AsDuration()
	d.Lost, d.At = "", l.at
	d.Rates = s.meter.Rates(d.Started, l.at, l.counters)
	d.Members = make([]top.Member, 0, len(l.members))
	for _, m := range l.members {
		d.Members = append(d.Members, toRow(m))
	}
}

// event takes a step of the watch, and tells whether it is a change.
func (s *topState) event(e follow.Event) bool {
	if e.Kind != follow.Change {
		return false
	}
	j := toWatchJSON(e)
	at := time.Now()
	if j.Time != nil {
		at = j.Time.Local()
	}
	now := j.Member.Status
	if j.Event == "removed" {
		now = "removed"
	}
	c := top.Change{Time: at, Status: now, Text: nameOf(e.Member) + was(j.Previous, now) + because(e)}
	kept := s.data.Changes[:min(len(s.data.Changes), maxTopChanges-1)]
	s.data.Changes = append([]top.Change{c}, kept...)
	return true
}

// briefly says why there is no answer, without what could be done about it.
func briefly(err error) string {
	var unreachable *unreachableError
	if errors.As(err, &unreachable) {
		return unreachable.cause
	}
	return describe(err)
}

// toRow makes a row of a member, whose name and tags are whatever it says.
func toRow(m *tamtamv1.Member) top.Member {
	row := top.Member{
		Address: m.GetAddress(), Name: escape(m.GetName()), Status: statusName(m.GetStatus()),
		Since: m.GetStatusSince().AsTime(), Loss: -1,
		Version: escape(m.GetVersion()), Notes: notes(m, false), Tags: escape(tags.Set(m.GetTags()).String()),
	}
	if m.GetRoundTrip() != nil {
		row.Trip = m.GetRoundTrip().AsDuration()
		row.TripText = shortTrip(row.Trip)
	}
	if m.Loss != nil {
		row.Loss = m.GetLoss()
	}
	return row
}
