// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/tags"
)

const (
	// past is how far back the page shows changes.
	past = time.Hour
	// maxRows bounds the members in an answer. If there are more, those that are not alive
	// come first.
	maxRows = 1000
)

// Times are in milliseconds since 1970, durations in the unit in their name. Numbers of 64
// bits are strings, since JavaScript's numbers have 53.
type (
	statusView struct {
		Now      int64          `json:"now"`
		Revision string         `json:"revision"`
		Node     nodeView       `json:"node"`
		Counts   map[string]int `json:"counts"` // members, by status
		Members  []memberView   `json:"members"`
		Omitted  int            `json:"omitted"` // number of members that are left out
	}
	nodeView struct {
		Address string `json:"address"`
		Name    string `json:"name"`
		Cluster string `json:"cluster"`
		Version string `json:"version"`
		Sealed  bool   `json:"sealed"`
		Started int64  `json:"started"`
		phaseView
	}
	phaseView struct {
		Phase   string       `json:"phase"`
		Since   int64        `json:"phaseSince"`
		Removal *removalView `json:"removal"` // null unless the node was removed
	}
	removalView struct {
		Found   string `json:"found"`
		Remedy  string `json:"remedy"`
		Command string `json:"command"`
	}
	memberView struct {
		Address  string   `json:"address"`
		Name     string   `json:"name"`
		Version  string   `json:"version"`
		Session  string   `json:"session"` // its incarnation; "0" of a plain Smudge node
		Status   string   `json:"status"`  // or REMOVED
		Since    int64    `json:"since"`
		Local    bool     `json:"local"`
		Plain    bool     `json:"plain"`
		Flapping bool     `json:"flapping"`
		Via      string   `json:"via"` // the relay to it; empty if there is none
		Tags     tags.Set `json:"tags"`
		// Before is the status an hour ago: NONE if it was not a member, UNKNOWN if that is
		// no longer kept. Absent in a change.
		Before string     `json:"before,omitempty"`
		Steps  []stepView `json:"steps,omitempty"` // of the last hour
	}
	stepView struct {
		At     int64  `json:"at"`
		From   string `json:"from"` // NONE if it was not a member
		To     string `json:"to"`   // or REMOVED
		By     string `json:"by"`   // the reporter; empty if not known
		Reason string `json:"reason"`
	}
)

const (
	unknown = "UNKNOWN"
	removed = "REMOVED"
)

// snapshot returns the view of members with their histories. The histories are read after
// the members, so a change between the two is in both the histories and the next events;
// the page recognizes it.
func (p *Page) snapshot(members []member.Member, revision uint64) statusView {
	now := p.cfg.Now()
	v := statusView{
		Now: now.UnixMilli(), Revision: strconv.FormatUint(revision, 10), Counts: map[string]int{}, Members: []memberView{},
		Node: nodeView{
			Address: p.cfg.Self.Addr.String(), Name: p.cfg.Self.Name, Cluster: p.cfg.Self.Cluster, Version: p.cfg.Self.Version,
			Sealed: p.cfg.Sealed(), Started: p.cfg.Started.UnixMilli(), phaseView: p.phase(),
		},
	}
	histories := map[netip.AddrPort]member.History{}
	for _, h := range p.cfg.Members.History(func(member.Member) bool { return true }) {
		histories[h.Member.Addr] = h
	}
	for _, m := range members {
		v.Counts[m.Status.String()]++
		h := histories[m.Addr]
		delete(histories, m.Addr)
		one := showMember(m)
		one.Before, one.Steps = stepsSince(h, now.Add(-past))
		v.Members = append(v.Members, one)
	}
	for _, h := range histories { // the rest are of removed members
		one := showMember(h.Member)
		if one.Before, one.Steps = stepsSince(h, now.Add(-past)); len(one.Steps) == 0 {
			continue
		}
		one.Status, one.Since, one.Flapping = removed, one.Steps[len(one.Steps)-1].At, false
		v.Members = append(v.Members, one)
	}
	alive := func(m memberView) int {
		if m.Status == member.Alive.String() {
			return 1
		}
		return 0
	}
	slices.SortFunc(v.Members, func(a, b memberView) int {
		return cmp.Or(cmp.Compare(alive(a), alive(b)), cmp.Compare(a.Address, b.Address))
	})
	if n := len(v.Members); n > maxRows {
		v.Members, v.Omitted = v.Members[:maxRows], n-maxRows
	}
	return v
}

func (p *Page) phase() phaseView {
	phase, since := p.cfg.State.Phase()
	v := phaseView{phase.String(), since.UnixMilli(), nil}
	if r := p.cfg.State.Removal(); r != nil {
		v.Removal = &removalView{r.Sentence(), r.Remedy(), r.Command()}
	}
	return v
}

func showMember(m member.Member) memberView {
	v := memberView{
		Address: m.Addr.String(), Name: m.Name, Version: m.Version, Session: strconv.FormatUint(m.Session, 10), Status: m.Status.String(), Since: m.Since.UnixMilli(),
		Local: m.Local, Plain: m.Plain(), Flapping: m.Flapping,
	}
	if m.Via.IsValid() {
		v.Via = m.Via.String()
	}
	v.Tags, _ = tags.Decode(m.Tags) // checked when the member announced them
	return v
}

func showStep(s member.Step) stepView {
	v := stepView{At: s.Time.UnixMilli(), From: s.Previous.String(), To: s.Status.String(), Reason: s.Reason.String()}
	if s.Removed {
		v.To = removed
	}
	if s.By.IsValid() {
		v.By = s.By.String()
	}
	return v
}

// stepsSince returns the steps of a history after from, and the status before them.
func stepsSince(h member.History, from time.Time) (before string, steps []stepView) {
	before = member.Status(0).String()
	if h.Earlier > 0 {
		before = unknown
	}
	for _, s := range h.Steps {
		if v := showStep(s); s.Time.After(from) {
			steps = append(steps, v)
		} else if before = v.To; s.Removed {
			before = member.Status(0).String()
		}
	}
	return before, steps
}

func (p *Page) status(w http.ResponseWriter, _ *http.Request) {
	members, revision := p.cfg.Members.List()
	answer(w, p.snapshot(members, revision))
}

type (
	linksView struct {
		At      int64               `json:"at"`
		Omitted int                 `json:"omitted"` // live members that are left out
		Nodes   []linksOf           `json:"nodes"`
		Own     map[string]linkView `json:"own"` // this node's own links, by address
	}
	linksOf struct {
		Address string      `json:"address"`
		Name    string      `json:"name"`
		Local   bool        `json:"local"`
		Error   string      `json:"error,omitempty"` // why there are no links
		Links   []*linkView `json:"links"`           // to the nodes; null for itself, and without a session
	}
	linkView struct {
		RoundTripMicros int64  `json:"rttMicros"` // 0 if not known
		Sent            uint64 `json:"sent"`
		Resent          uint64 `json:"resent"`
		WindowMillis    int64  `json:"windowMillis"` // 0 if the counts are of the whole session
		// Loss is the share of transmissions that were lost recently, of so many frames; null
		// if they are too few.
		Loss       *float64 `json:"loss"`
		LossFrames uint64   `json:"lossFrames"`
	}
)

func (p *Page) links(w http.ResponseWriter, r *http.Request) {
	m, err := p.cfg.Links(r.Context())
	if err != nil {
		return // the client is gone
	}
	v := linksView{At: m.Time.UnixMilli(), Omitted: m.Omitted, Nodes: []linksOf{}, Own: map[string]linkView{}}
	for _, n := range m.Nodes {
		one := linksOf{Address: n.Addr.String(), Name: n.Name, Local: n.Addr == p.cfg.Self.Addr}
		if n.Err != nil {
			one.Error = n.Err.Error()
		}
		for _, l := range n.Links {
			one.Links = append(one.Links, showLink(l))
		}
		v.Nodes = append(v.Nodes, one)
	}
	for a, l := range m.Own {
		v.Own[a.String()] = *showLink(l)
	}
	answer(w, v)
}

func showLink(l wire.Link) *linkView {
	if !l.Addr.IsValid() {
		return nil
	}
	v := &linkView{l.RoundTrip.Microseconds(), l.Sent, l.Resent, l.Window.Milliseconds(), nil, l.RecentFrames}
	if share, known := l.Loss(); known {
		v.Loss = &share
	}
	return v
}

// answer sends v as JSON that no cache keeps.
func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if line, err := json.Marshal(v); err == nil { // a view has only texts, numbers and times
		_, _ = w.Write(append(escape.JSON(line), '\n')) // fails only if the client is gone
	}
}
