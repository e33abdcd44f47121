// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
)

// detail returns the screen of one member: what is wrong with it and what to do, and what
// became of it, the latest first.
func (r *renderer) detail(d *Data, now time.Time) []string {
	r.head(d, now)
	r.lines = r.lines[:min(2, len(r.lines))]
	r.space()
	i := slices.IndexFunc(r.data.Members, func(m Member) bool { return m.Address == r.view.Open })
	if i < 0 {
		r.line(r.view.Open + " is no longer a member")
	} else {
		m := r.data.Members[i]
		r.painted(reverse, fit(0, "  ", glyphs[m.Status]+" "+label(m), m.Status+" for "+render.Age(r.now.Sub(m.Since)), m.Address, m.Notes))
		r.line(fit(r.Width, "   ", "round trip "+millis(m.Trip)+" ms", "loss "+percent(m.Loss), "version "+orDash(m.Version), m.Tags))
	}
	r.space()
	r.problems()
	r.space()
	r.past(r.data.Pasts[r.view.Open])
	for len(r.lines) < r.Height-1 {
		r.line("")
	}
	r.lines = r.lines[:max(r.Height-1, 0)]
	r.ends(bold, fit(max(r.Width-1, 1), "  ", "Esc back", "up down other members", "q quit"), "")
	return r.lines
}

// space adds an empty line, if there are lines to spare.
func (r *renderer) space() {
	if r.Height <= 0 || r.Height >= shortest {
		r.line("")
	}
}

func (r *renderer) problems() {
	found := false
	for _, p := range r.data.Problems {
		if p.Member != r.view.Open {
			continue
		}
		if !found {
			r.painted(bold, "PROBLEMS")
		}
		found = true
		mark, status := "! ", "SUSPECTED"
		if p.Failure {
			mark, status = "✕ ", "DEAD"
		}
		r.wrapped(mark, p.Found)
		r.colour(0, strings.TrimSpace(mark), status) // if it takes one line
		r.wrapped("  -> ", p.Remedy)
	}
	switch {
	case found:
	case r.data.Judged:
		r.painted(bold, "NO PROBLEMS")
	case r.data.Unjudged != "":
		r.painted(bold, "PROBLEMS ARE NOT KNOWN")
		r.wrapped("  ", r.data.Unjudged)
	default:
		r.painted(bold, "ASKING THE MEMBERS")
	}
}

// wrapped adds a text in as many lines as it takes, the first with a mark before it.
func (r *renderer) wrapped(mark, text string) {
	line := mark
	for _, word := range strings.Fields(text) {
		if r.Width > 0 && cells.Columns(line+word) > r.Width && line != mark {
			r.line(strings.TrimRight(line, " "))
			line = strings.Repeat(" ", cells.Columns(mark))
		}
		line += word + " "
	}
	r.line(strings.TrimRight(line, " "))
}

func (r *renderer) past(p Past) {
	if len(p.Steps) == 0 {
		r.painted(bold, "NO CHANGES ARE KNOWN")
		return
	}
	r.painted(bold, "CHANGES")
	for i := len(p.Steps) - 1; i >= 0; i-- {
		r.change(p.Steps[i], "")
	}
	if p.Earlier > 0 {
		r.line(fmt.Sprintf("%d earlier changes are no longer kept", p.Earlier))
	}
}
