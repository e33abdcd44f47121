// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
)

// column is one of the table of members.
type column struct {
	title string
	text  func(Member, time.Time) string
	// need is the column's place in the order in which columns get width, from 1.
	need  int
	least int  // the least width, if less than the full one; 0 for the full one
	right bool // aligned
}

// tableOf returns the columns. The last 15 minutes and the reporter need the data.
func (r *renderer) tableOf() []column {
	address := column{"ADDRESS", func(m Member, _ time.Time) string { return m.Address }, 8, 0, false}
	if r.view.Addresses {
		address.need = 3
	}
	return []column{
		{"  NAME", func(m Member, _ time.Time) string { return glyphs[m.Status] + " " + label(m) }, 1, 14, false},
		{"STATUS", func(m Member, _ time.Time) string { return m.Status }, 2, 0, false},
		{"FOR", func(m Member, now time.Time) string { return render.Age(now.Sub(m.Since)) }, 4, 0, true},
		{"RTT ms", func(m Member, _ time.Time) string { return millis(m.Trip) }, 5, 0, true},
		{"LOSS", func(m Member, _ time.Time) string { return percent(m.Loss) }, 6, 0, true},
		{"LAST 15 MIN", func(m Member, now time.Time) string { return strip(r.data.Pasts[m.Address], m, now) }, 7, 0, false},
		{"NOTE", r.note, 7, 9, false},
		address,
		{"VERSION", func(m Member, _ time.Time) string { return orDash(m.Version) }, 9, 0, false},
		{"TAGS", func(m Member, _ time.Time) string { return m.Tags }, 10, 8, false},
	}
}

// note is the remark on a member: who reported its trouble, or that it was restarted.
func (r *renderer) note(m Member, now time.Time) string {
	steps, by, restarted := r.data.Pasts[m.Address].Steps, "", ""
	for _, s := range steps {
		if s.Status == "RESTARTED" && now.Sub(s.Time) < stripTime {
			restarted = "restarted"
		}
	}
	if n := len(steps); n > 0 && steps[n-1].By != "" && steps[n-1].Status == m.Status && (m.Status == "DEAD" || m.Status == "SUSPECTED") {
		by = "by " + steps[n-1].By
	}
	return fit(0, ", ", m.Notes, by, restarted)
}

var glyphs = map[string]string{"ALIVE": "●", "SUSPECTED": "◐", "DEAD": "✕", "LEFT": "○"}

// label is what people call a member.
func label(m Member) string {
	if m.Name == "" {
		return m.Address
	}
	return m.Name
}

// millis is a round trip in milliseconds, with as many digits in each row.
func millis(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 2, 64)
}

const (
	stripTime  = 15 * time.Minute
	stripCells = 15
)

// strip is the worst status of a member in each minute of the last 15, as far as it is known.
func strip(p Past, m Member, now time.Time) string {
	if len(p.Steps) == 0 {
		return ""
	}
	marks := map[string]struct {
		rank int
		mark string
	}{"ALIVE": {2, "─"}, "SUSPECTED": {4, "▄"}, "DEAD": {5, "█"}, "LEFT": {1, "."}, "RESTARTED": {3, "┼"}}
	from := now.Add(-stripTime)
	status := "" // before the first step that is kept
	ranks, cellsOf := [stripCells]int{}, [stripCells]string{}
	paint := func(status string, since, until time.Time) {
		mark, known := marks[status]
		if !known || !until.After(from) {
			return
		}
		first := max(int(since.Sub(from)*stripCells/stripTime), 0)
		last := min(int((until.Sub(from)-1)*stripCells/stripTime), stripCells-1)
		for i := first; i <= last; i++ {
			if mark.rank > ranks[i] {
				ranks[i], cellsOf[i] = mark.rank, mark.mark
			}
		}
	}
	at := from
	for _, s := range p.Steps {
		paint(status, at, s.Time)
		if status, at = s.Status, s.Time; status == "RESTARTED" {
			paint("RESTARTED", s.Time, s.Time.Add(1))
			status = "ALIVE"
		}
	}
	paint(status, at, now)
	out := ""
	for _, c := range cellsOf {
		if c == "" {
			c = " "
		}
		out += c
	}
	return out
}

const gap = "  "

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// table adds the head of the table, and some rows from an offset. The widths fit all members,
// so that columns do not move when a user scrolls.
func (r *renderer) table(all []row, offset, rows int) {
	columns := r.tableOf()
	widths := r.widths(columns, all)
	head := ""
	for i, c := range columns {
		head = r.cell(head, c, c.title, widths[i])
	}
	r.painted(reverse, head)
	if len(all) == 0 && rows > 0 && r.view.Filter != "" {
		r.line("no member matches " + r.view.Filter)
	}
	for _, m := range all[offset : offset+rows] {
		if m.rule != "" {
			r.line("── " + m.rule + " " + strings.Repeat("─", max(r.tableWidth(widths)-cells.Columns(m.rule)-4, 2)))
			continue
		}
		line, status := "", 0
		for i, c := range columns {
			if c.title == "STATUS" {
				status = len(line) + len(gap)
			}
			line = r.cell(line, c, c.text(m.Member, r.now), widths[i])
		}
		if r.view.Cursor == m.Address {
			r.painted(reverse, line)
			continue
		}
		r.line(line)
		r.colour(status, m.Status, m.Status)
		r.colour(0, glyphs[m.Status], m.Status)
	}
}

// tableWidth is the width of a line of the table.
func (r *renderer) tableWidth(widths []int) (n int) {
	for _, w := range widths {
		if w > 0 {
			n += w + len(gap)
		}
	}
	return n - len(gap)
}

func (r *renderer) cell(line string, c column, text string, width int) string {
	if width == 0 {
		return line
	}
	if line != "" {
		line += gap
	}
	if c.right {
		return line + padLeft(text, width)
	}
	return line + pad(text, width)
}

// widths gives each column its full width, or if that is too much its least width, or none.
// Columns are served by need.
func (r *renderer) widths(table []column, members []row) []int {
	widths, takes := make([]int, len(table)), make([]int, len(table))
	for i, c := range table {
		filled := false
		takes[i] = cells.Columns(c.title)
		for _, m := range members {
			if m.rule != "" {
				continue
			}
			n := cells.Columns(c.text(m.Member, r.now))
			filled = filled || n > 0
			takes[i] = max(takes[i], n)
		}
		if !filled && len(members) > 0 {
			takes[i] = 0 // no member has it
		}
	}
	if r.Width <= 0 {
		return takes
	}
	free := r.Width
	for need := 1; need <= len(table); need++ {
		for i, c := range table {
			if c.need != need || takes[i] == 0 {
				continue
			}
			between := len(gap)
			if need == 1 {
				between = 0
			}
			least := takes[i]
			if c.least > 0 {
				least = min(least, max(c.least, cells.Columns(c.title)))
			}
			if need == 1 {
				least = min(least, free)
			}
			if least+between > free {
				return grow(widths, takes, free)
			}
			widths[i] = least
			free -= least + between
		}
	}
	return grow(widths, takes, free)
}

// grow gives free width to the columns that have less than their full one.
func grow(widths, takes []int, free int) []int {
	for i := range widths {
		if more := min(free, takes[i]-widths[i]); widths[i] > 0 && more > 0 {
			widths[i] += more
			free -= more
		}
	}
	return widths
}
