// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
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

var table = []column{
	{"ADDRESS", func(m Member, _ time.Time) string { return m.Address }, 1, 0, false},
	{"NAME", func(m Member, _ time.Time) string { return orDash(m.Name) }, 3, 12, false},
	{"STATUS", func(m Member, _ time.Time) string { return m.Status }, 2, 0, false},
	{"SINCE", func(m Member, now time.Time) string { return render.Age(now.Sub(m.Since)) }, 6, 0, true},
	{"ROUND TRIP", func(m Member, _ time.Time) string { return orDash(m.TripText) }, 4, 0, true},
	{"LOSS", func(m Member, _ time.Time) string { return percent(m.Loss) }, 5, 0, true},
	{"NOTES", func(m Member, _ time.Time) string { return m.Notes }, 7, 9, false},
	{"VERSION", func(m Member, _ time.Time) string { return orDash(m.Version) }, 8, 0, false},
	{"TAGS", func(m Member, _ time.Time) string { return m.Tags }, 9, 8, false},
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
func (r *renderer) table(members []Member, offset, rows int) {
	widths := r.widths(members)
	head := ""
	for i, c := range table {
		head = r.cell(head, c, c.title, widths[i])
	}
	r.painted(reverse, head)
	for _, m := range members[offset : offset+rows] {
		line, status := "", 0
		for i, c := range table {
			if c.title == "STATUS" {
				status = len(line) + len(gap)
			}
			line = r.cell(line, c, c.text(m, r.now), widths[i])
		}
		r.line(line)
		r.colour(status, m.Status)
	}
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
func (r *renderer) widths(members []Member) []int {
	widths, takes := make([]int, len(table)), make([]int, len(table))
	for i, c := range table {
		filled := false
		takes[i] = cells.Columns(c.title)
		for _, m := range members {
			n := cells.Columns(c.text(m, r.now))
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
				return r.grow(widths, takes, free)
			}
			widths[i] = least
			free -= least + between
		}
	}
	return r.grow(widths, takes, free)
}

// grow gives free width to the columns that have less than their full one.
func (r *renderer) grow(widths, takes []int, free int) []int {
	for i := range table {
		if more := min(free, takes[i]-widths[i]); widths[i] > 0 && more > 0 {
			widths[i] += more
			free -= more
		}
	}
	return widths
}
