// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctl/top/screen"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// maxChanges is how many of the last changes are kept.
const maxChanges = 200

// state makes data for the screen from samples and events. It does no IO.
type state struct {
	data  screen.Data
	meter *screen.Meter
}

func newState(every time.Duration) *state {
	// Samples come a little late or early. Those that come much sooner, because of a
	// change, are too close for a rate.
	return &state{meter: screen.NewMeter(every * 3 / 4)}
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
	d.Name, d.Address, d.Cluster, d.Profile = render.Escape(self.GetName()), self.GetAddress(), render.Escape(s.node.GetClusterName()), s.node.GetProfile()
	d.Started, d.Detection = s.node.GetStarted().AsTime().Local(), s.node.GetDetectionTime().AsDuration()
	d.Lost, d.At = "", s.at
	removal := s.node.GetRemoval()
	d.Removed, d.Remedy = render.Escape(removal.GetFound()), render.Escape(removal.GetRemedy())
	d.Rates = st.meter.Rates(d.Started, s.at, s.counters)
	d.Members = make([]screen.Member, 0, len(s.members))
	for _, m := range s.members {
		d.Members = append(d.Members, toRow(m))
	}
}

// event takes an event of the watch, and reports whether it is a change.
func (st *state) event(e follow.Event) bool {
	if e.Kind != follow.Change {
		return false
	}
	at := time.Now()
	if t := e.Change.GetTime(); t != nil {
		at = t.AsTime().Local()
	}
	c := screen.Change{Time: at, Status: render.ChangeStatus(e), Text: render.Label(e.Member) + render.Was(e) + render.Because(e)}
	kept := st.data.Changes[:min(len(st.data.Changes), maxChanges-1)]
	st.data.Changes = append([]screen.Change{c}, kept...)
	return true
}

// toRow makes a row of a member. Its texts come from that member, and are escaped.
func toRow(m *tamtamv1.Member) screen.Member {
	row := screen.Member{
		Address: m.GetAddress(), Name: render.Escape(m.GetName()), Status: render.Status(m.GetStatus()),
		Since: m.GetStatusSince().AsTime(), Loss: -1,
		Version: render.Escape(m.GetVersion()), Notes: strings.Join(render.Notes(m), ", "), Tags: render.Tags(m),
	}
	if m.GetRoundTrip() != nil {
		row.Trip = m.GetRoundTrip().AsDuration()
		row.TripText = render.Trip(row.Trip)
	}
	if m.Loss != nil {
		row.Loss = m.GetLoss()
	}
	return row
}
