// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
)

// Matrix is the links between nodes.
type Matrix struct {
	At      time.Time
	Nodes   []Node
	Omitted int // live members that are left out
}

// Node is a node of a matrix.
type Node struct {
	Name  string
	Error string // why its links are not known
	Links []Link // to the nodes of the matrix, in their order
}

// Link is how one node reaches another. The zero Link has no session.
type Link struct {
	Open bool
	Trip time.Duration // 0: not known
	Loss float64       // 0 to 1; below 0: not known
}

// The marks of a cell, the worst first. Text says it all: colours only repeat it.
const (
	markNone  = "x"
	markLoss  = "L"
	markSlow  = "o"
	markWell  = "·"
	markError = "?"
	markSelf  = " "
)

const (
	slowBy     = 4                    // times the median round trip,
	slowLeast  = 2 * time.Millisecond // and as much over it: less is the noise of a busy machine
	worstLinks = 3                    // lines of them
	nameRoom   = 16                   // columns of a name
)

// mark is the cell of a link, and how bad it is.
func (m *Matrix) mark(i, j int, usual time.Duration) (mark string, rank float64) {
	n := m.Nodes[i]
	switch {
	case i == j:
		return markSelf, 0
	case n.Error != "" || j >= len(n.Links):
		return markError, 0
	case !n.Links[j].Open:
		return markNone, 3
	case n.Links[j].Loss > lossy:
		return markLoss, 1 + n.Links[j].Loss
	case usual > 0 && n.Links[j].Trip > slowBy*usual && n.Links[j].Trip > usual+slowLeast:
		return markSlow, float64(n.Links[j].Trip) / float64(time.Hour)
	}
	return markWell, 0
}

// usual is the median round trip; 0 if none is known.
func (m *Matrix) usual() time.Duration {
	var all []time.Duration
	for _, n := range m.Nodes {
		for _, l := range n.Links {
			if l.Trip > 0 {
				all = append(all, l.Trip)
			}
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// order puts the nodes with the most bad links first. Others stay in their order.
func (m *Matrix) order(usual time.Duration) []int {
	type node struct {
		i   int
		bad float64
	}
	nodes := make([]*node, len(m.Nodes))
	for i := range nodes {
		nodes[i] = &node{i: i}
	}
	for i := range nodes {
		for j := range nodes {
			_, rank := m.mark(i, j, usual)
			nodes[i].bad += rank
			nodes[j].bad += rank
		}
	}
	slices.SortStableFunc(nodes, func(a, b *node) int { return cmp.Compare(b.bad, a.bad) })
	order := make([]int, 0, len(nodes))
	for _, n := range nodes {
		order = append(order, n.i)
	}
	return order
}

// matrix returns the screen of the links between all nodes.
func (r *renderer) matrix(d *Data, now time.Time) []string {
	r.head(d, now)
	r.lines = append(r.lines[:min(2, len(r.lines))], "")
	where := ""
	if m := r.data.Links; m == nil {
		r.line("asking the members for their links")
	} else {
		where = r.links(m)
	}
	for len(r.lines) < r.Height-1 {
		r.line("")
	}
	r.lines = r.lines[:max(r.Height-1, 0)]
	r.ends(bold, fit(max(r.Width-len(where)-1, 1), "  ", "m Esc back", "up down scroll", "q quit"), where)
	return r.lines
}

// links adds the worst links and the matrix, and returns which rows are shown.
func (r *renderer) links(m *Matrix) (where string) {
	usual := m.usual()
	r.line(fmt.Sprintf("%d nodes of %d: a row is from, a column is to; the round trip is usually %s ms", len(m.Nodes), len(m.Nodes)+m.Omitted, millis(usual)))
	r.line(fit(r.Width, "   ", markWell+" well", fmt.Sprintf("%s over %d times the usual", markSlow, slowBy), fmt.Sprintf("%s loss over %.0f %%", markLoss, lossy*100), markNone+" no session", markError+" no answer"))
	bad := m.worst(usual)
	for k, text := range bad[:min(len(bad), worstLinks)] {
		if left := len(bad) - worstLinks; k == worstLinks-1 && left > 0 {
			text += fmt.Sprintf("   and %d more", left)
		}
		r.line("! " + text)
	}
	if len(bad) == 0 {
		r.line("no link loses much, or is slow")
	}
	r.line("")
	order := m.order(usual)
	tens, units := "", ""
	for k := range order {
		tens += digit((k + 1) / 10 % 10)
		units += strconv.Itoa((k + 1) % 10)
	}
	indent := strings.Repeat(" ", nameRoom+4)
	r.line(indent + tens)
	r.line(indent + units)
	rows := room(len(bad), r.Height)
	first := clamp(r.view.Offset, len(order), rows)
	last := min(first+rows, len(order))
	for k := first; k < last; k++ {
		i := order[k]
		line, status := padLeft(strconv.Itoa(k+1), 3)+" "+pad(m.Nodes[i].Name, nameRoom), ""
		for _, j := range order {
			mark, rank := m.mark(i, j, usual)
			line += mark
			if rank > 1 {
				status = "SUSPECTED"
			}
		}
		r.line(line)
		r.colour(len(padLeft(strconv.Itoa(k+1), 3))+1, strings.TrimRight(cells.Cut(m.Nodes[i].Name, nameRoom), " "), status)
	}
	if rows > 0 && len(order) > rows {
		where = fmt.Sprintf("%d-%d of %d", first+1, last, len(order))
	}
	return where
}

func digit(n int) string {
	if n == 0 {
		return " "
	}
	return strconv.Itoa(n)
}

// worst returns the bad links in words, the worst first.
func (m *Matrix) worst(usual time.Duration) (texts []string) {
	type one struct {
		rank float64
		text string
	}
	var all []*one
	for i, from := range m.Nodes {
		for j, to := range m.Nodes {
			mark, rank := m.mark(i, j, usual)
			if rank == 0 {
				continue
			}
			text := from.Name + " -> " + to.Name + "  no session"
			if mark != markNone {
				text = fmt.Sprintf("%s -> %s  %s ms  loss %s", from.Name, to.Name, millis(from.Links[j].Trip), percent(from.Links[j].Loss))
			}
			all = append(all, &one{rank, text})
		}
	}
	slices.SortStableFunc(all, func(a, b *one) int { return cmp.Compare(b.rank, a.rank) })
	for _, w := range all {
		texts = append(texts, w.text)
	}
	return texts
}

// room is how many rows of the matrix fit, with so many bad links.
func room(bad, height int) int {
	const around = 9 // lines above and below the rows and the worst links
	return max(height-around-max(min(bad, worstLinks), 1), 0)
}
