// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"fmt"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
)

// Paint is what a terminal may do beside showing text. Text says the same without it.
type Paint int

// The paints.
const (
	Plain    Paint = iota
	Emphasis       // bold and reverse
	Colours        // and colours
)

// Size is the size of a terminal, in columns and lines; 0 is no limit.
type Size struct{ Width, Height int }

const (
	bold    = "\x1b[1m"
	reverse = "\x1b[7m"
	red     = "\x1b[31m"
	yellow  = "\x1b[33m"
	reset   = "\x1b[0m"
)

// colours has the statuses that have a colour.
var colours = map[string]string{"SUSPECTED": yellow, "DEAD": red}

const (
	headLines  = 4
	headShort  = 2  // without rates
	shortest   = 12 // the height from which rates and changes are shown
	changesTop = 2  // lines above them
)

// shares are the lines of the screen for members and for changes.
type shares struct{ rows, changes int }

// share divides a height between members and changes.
func share(members, changes, height int) shares {
	if height <= 0 {
		return shares{members, changes}
	}
	if height < shortest {
		return shares{min(members, max(height-headShort-2, 0)), 0}
	}
	free := height - headLines - 2 // the table's head, and the last line
	free -= 1 + changesTop         // an empty line above the table, too
	rows := min(members, free-min(max(changes, 1), max(free/4, 2)))
	return shares{rows, min(changes, free-rows)}
}

// renderer is one call of Render.
type renderer struct {
	Size
	paint Paint
	now   time.Time
	data  *Data
	view  *View
	lines []string
}

// Render returns the lines of the screen, none wider than the size. Without a height there
// are as many as needed, and none about keys.
func Render(d *Data, v *View, now time.Time, size Size, paint Paint) []string {
	r := &renderer{size, paint, now, v.Of(d), v, nil}
	if d.Lost != "" { // nothing is known of the time since
		r.now = r.data.At
	}
	if v.Matrix && size.Height > 0 {
		return r.matrix(d, now)
	}
	if v.Open != "" && size.Height > 0 {
		return r.detail(d, now)
	}
	members := v.rows(r.data)
	s := share(len(members), len(r.data.Changes), size.Height)
	roomy := size.Height <= 0 || size.Height >= shortest
	offset := clamp(v.Offset, len(members), s.rows)

	r.head(d, now)
	if roomy {
		r.line("")
	}
	r.table(members, offset, s.rows)
	if roomy && (size.Height > 0 || s.changes > 0) {
		r.line("")
		r.changes(s.changes)
	}
	if size.Height > 0 {
		for len(r.lines) < size.Height-1 {
			r.line("")
		}
		r.lines = r.lines[:size.Height-1]
		r.last(offset, s.rows, len(members))
	}
	return r.lines
}

// line adds a line, cut to the width.
func (r *renderer) line(s string) {
	if r.Width > 0 {
		s = cells.Cut(s, r.Width)
	}
	r.lines = append(r.lines, strings.TrimRight(s, " "))
}

// painted adds a line, cut to the width, in one paint.
func (r *renderer) painted(how string, s string) {
	r.line(s)
	if last := &r.lines[len(r.lines)-1]; r.paint >= Emphasis && *last != "" {
		*last = how + *last + reset
	}
}

// ends adds a line with one text at the left and, if there is room, another at the right.
func (r *renderer) ends(how, left, right string) {
	if r.Width <= 0 {
		left = fit(0, "  ", left, right)
	} else if room := r.Width - cells.Columns(left); right != "" && room > cells.Columns(right) {
		left += padLeft(right, room)
	}
	r.painted(how, left)
}

func (r *renderer) head(d *Data, now time.Time) {
	from := "from " + label(Member{Name: d.Name, Address: d.Address})
	address := d.Address
	if d.Name == "" {
		address = ""
	}
	clock := now.Format("15:04:05 ") + zone(now)
	r.ends(bold, fit(max(r.Width-len(clock)-1, 0), "  ", "TamTam "+d.Cluster, from, "up "+render.Age(r.now.Sub(d.Started)), d.Encryption, address, "profile "+d.Profile), clock)
	r.state(d, now)
	if r.Height > 0 && r.Height < shortest {
		return
	}
	if d.Lost == "" && d.Removed != "" { // alone, it sends next to nothing
		r.painted(bold, d.Remedy)
	} else {
		r.line("net   " + fit(max(r.Width-6, 0), "   ", r.packets()...))
	}
	r.line("msgs  " + fit(max(r.Width-6, 0), "   ", r.messages()...))
}

// zone is the time zone as the status page shows it, such as UTC+1.
func zone(t time.Time) string {
	_, s := t.Zone()
	sign := "+"
	if s < 0 {
		sign, s = "-", -s
	}
	switch hours, minutes := s/3600, s/60%60; {
	case minutes > 0:
		return fmt.Sprintf("UTC%s%d:%02d", sign, hours, minutes)
	case hours > 0:
		return fmt.Sprintf("UTC%s%d", sign, hours)
	}
	return "UTC"
}

// state adds the line about the cluster, or why it is not the present one that is shown.
func (r *renderer) state(d *Data, now time.Time) {
	s := r.data
	switch {
	case d.Lost != "":
		r.painted(reverse, fmt.Sprintf("NOT CONNECTED for %s, data of %s: %s; retrying", render.Age(now.Sub(d.LostAt)), s.At.Format(time.TimeOnly), d.Lost))
	case d.Removed != "":
		how := reverse
		if r.paint >= Colours {
			how += red
		}
		text := "REMOVED: " + d.Removed
		if r.Height > 0 && r.Height < shortest { // there is no other line for it
			text = "REMOVED: " + d.Remedy
		}
		r.painted(how, text)
	case s != d:
		r.painted(reverse, fmt.Sprintf("PAUSED at %s, p continues   %s", s.At.Format(time.TimeOnly), r.census()))
	default:
		left, right := r.census(), r.verdict()
		if r.Width > 0 && cells.Columns(left)+cells.Columns(right) >= r.Width { // what is wrong comes first
			left, right = fit(r.Width, "  ", append([]string{r.wrong()}, r.counts("DEAD", "SUSPECTED", "ALIVE", "LEFT")...)...), ""
		}
		r.ends("", left, right)
	}
}

// packets are the rates of packets, the most important first.
func (r *renderer) packets() []string {
	t := r.data.Rates
	if t == nil {
		return []string{"in -", "out -", "resent -"}
	}
	return []string{
		r.graphed("in "+perSecond(t.PacketsReceived)+", "+bytesPerSecond(t.BytesReceived), func(m Rates) float64 { return m.PacketsReceived }),
		r.graphed("out "+perSecond(t.PacketsSent)+", "+bytesPerSecond(t.BytesSent), func(m Rates) float64 { return m.PacketsSent }),
		"resent " + perSecond(t.Resent),
	}
}

// messages are the rates of messages, and of what was dropped.
func (r *renderer) messages() []string {
	t := r.data.Rates
	if t == nil {
		return []string{"in -", "out -", "gaps -", "dropped -", "repaired -"}
	}
	return []string{
		r.graphed("in "+perSecond(t.MessagesReceived), func(m Rates) float64 { return m.MessagesReceived }),
		r.graphed("out "+perSecond(t.MessagesSent), func(m Rates) float64 { return m.MessagesSent }),
		"gaps " + perSecond(t.Gaps),
		"dropped " + perSecond(t.Dropped),
		"repaired " + perSecond(t.Repaired),
	}
}

// verdict is whether the members agree, and how many problems doctor finds.
func (r *renderer) verdict() string {
	d := r.data
	if !d.Judged {
		return r.wrong()
	}
	agree := fmt.Sprintf("%d of %d agree", d.Agree, d.Of)
	if d.Agree == d.Of {
		agree = fmt.Sprintf("all %d agree", d.Of)
	}
	return agree + "   " + r.wrong()
}

// wrong is how many problems doctor finds; empty while the members are asked.
func (r *renderer) wrong() string {
	switch d := r.data; {
	case len(d.Problems) > 0:
		return "! " + render.Plural(len(d.Problems), "problem")
	case d.Judged:
		return "no problems"
	case d.Unjudged != "":
		return "problems not known"
	}
	return ""
}

// census counts the members by status.
func (r *renderer) census() string {
	noun := "members"
	if len(r.data.Members) == 1 {
		noun = "member"
	}
	return fmt.Sprintf("%d %s: %s", len(r.data.Members), noun, strings.Join(r.counts("ALIVE", "SUSPECTED", "DEAD", "LEFT"), ", "))
}

// counts is how many members have each status, without those that nobody has; ALIVE stays.
func (r *renderer) counts(statuses ...string) (parts []string) {
	counts := map[string]int{}
	for _, m := range r.data.Members {
		counts[m.Status]++
	}
	for _, s := range statuses {
		if counts[s] > 0 || s == "ALIVE" {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], strings.ToLower(s)))
		}
	}
	return parts
}

func (r *renderer) changes(n int) {
	title := "LAST CHANGES"
	if n == 0 {
		title = "NO CHANGE YET"
	}
	r.painted(bold, title)
	for _, c := range r.data.Changes[:n] {
		r.change(c, c.Who+" ")
	}
}

// change adds a line about a change; who is empty if that is known.
func (r *renderer) change(c Change, who string) {
	start := r.when(c.Time) + "  " + who
	r.line(fit(0, "  ", start+c.Status, c.Why))
	r.colour(len(start), c.Status, c.Status)
}

// when is the time of day, with the day if it is another.
func (r *renderer) when(t time.Time) string {
	if r.now.Sub(t) > 24*time.Hour {
		return t.Format(time.DateTime)
	}
	return t.Format(time.TimeOnly)
}

// colour colours a word at a byte offset of the last line as a status is, unless it was cut.
func (r *renderer) colour(at int, text, status string) {
	last := &r.lines[len(r.lines)-1]
	c := colours[status]
	if c == "" || text == "" || r.paint < Emphasis || len(*last) < at || !strings.HasPrefix((*last)[at:], text) {
		return
	}
	how := bold
	if r.paint >= Colours {
		how += c
	}
	*last = (*last)[:at] + how + text + reset + (*last)[at+len(text):]
}

// last adds the line about keys.
func (r *renderer) last(offset, rows, count int) {
	if r.view.Typing {
		r.ends(reverse, "/"+r.view.Filter+"_", "Enter keeps it, Esc clears it")
		return
	}
	parts := []string{"q quit", "? help", "s sort: " + r.view.Order.String(), "/ filter", "Enter why", "m links", "p pause"}
	if r.view.Filter != "" {
		parts[3] = "/ filter: " + r.view.Filter
	}
	if r.view.Help {
		parts = []string{"q Esc ^C quit", "? back", "up down PgUp PgDn Home End move", "a addresses", "^L redraw", "^Z suspend"}
	}
	where := ""
	if rows > 0 && count > rows {
		where = fmt.Sprintf("%d-%d of %d", offset+1, offset+rows, count)
	}
	r.ends(bold, fit(max(r.Width-len(where)-1, 1), "  ", parts...), where)
}
