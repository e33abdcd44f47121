// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// maxFilter is the longest filter, in characters.
const maxFilter = 64

// View is what the keys change.
type View struct {
	Order  Order
	Filter string
	Typing bool // the filter is being typed
	Help   bool
	Paused *Data // shown instead of new data; nil when not paused
	Offset int   // how many lines of the table are above the first
	// Cursor is the address of the member that the keys moved to; empty at first.
	Cursor string
	// Open is the address of the member whose problems and changes are shown; empty for the table.
	Open      string
	Matrix    bool // the links are shown
	Addresses bool // addresses come before all but names and statuses
}

// Action is what the caller must do after a key.
type Action int

// The actions.
const (
	Show Action = iota
	Quit
	Suspend // stop the program, until the shell continues it
	Redraw  // another program wrote to the terminal
)

// Press takes a key, for data that is shown in height lines.
func (v *View) Press(k Key, d *Data, height int) Action {
	switch k { // in any mode
	case CtrlC:
		return Quit
	case CtrlZ:
		return Suspend
	case CtrlL:
		return Redraw
	}
	if v.Typing {
		v.typed(k)
		return Show
	}
	shown := v.Of(d)
	rows := v.rows(shown)
	page := max(share(len(rows), len(shown.Changes), height).rows, 1)
	if v.Matrix && v.scroll(k, shown.Links, height) {
		return Show
	}
	switch k {
	case 'q', 'Q':
		return Quit
	case Escape:
		switch {
		case v.Matrix:
			v.Matrix, v.Offset = false, 0
		case v.Open != "":
			v.Open = ""
		case v.Help:
			v.Help = false
		default:
			return Quit
		}
	case '?', 'h':
		v.Help = !v.Help
	case 's':
		v.Order, v.Offset, v.Cursor = (v.Order+1)%orders, 0, ""
	case 'm':
		v.Matrix, v.Open, v.Offset = !v.Matrix, "", 0
	case 'a':
		v.Addresses = !v.Addresses
	case '/', 'f':
		v.Typing, v.Help, v.Filter, v.Offset, v.Cursor, v.Open, v.Matrix = true, false, "", 0, "", "", false
	case 'p', ' ':
		if v.Paused == nil {
			still := *d
			v.Paused = &still
		} else {
			v.Paused = nil
		}
	case Enter:
		if v.Open != "" {
			v.Open = ""
			break
		}
		v.move(rows, 0, page)
		v.Open = v.Cursor
	case Up, 'k':
		v.move(rows, -1, page)
	case Down, 'j':
		v.move(rows, 1, page)
	case PageUp:
		v.move(rows, -page, page)
	case PageDown:
		v.move(rows, page, page)
	case Home, 'g':
		v.move(rows, -len(rows), page)
	case End, 'G':
		v.move(rows, len(rows), page)
	}
	if !v.Matrix {
		v.Offset = clamp(v.Offset, len(rows), page)
	}
	return Show
}

// scroll takes a key that moves through the matrix, and reports whether it is one.
func (v *View) scroll(k Key, m *Matrix, height int) bool {
	by := map[Key]int{Up: -1, 'k': -1, Down: 1, 'j': 1, PageUp: -height / 2, PageDown: height / 2, Home: -1 << 20, 'g': -1 << 20, End: 1 << 20, 'G': 1 << 20}
	n, ok := by[k]
	if ok && m != nil {
		v.Offset = clamp(v.Offset+n, len(m.Nodes), room(len(m.worst(m.usual())), height))
	}
	return ok || k == Enter
}

// move moves the cursor by some lines, over a rule, and scrolls so that it is seen. The first
// move is to the first member, or to the page below or above it.
func (v *View) move(rows []row, by, page int) {
	if len(rows) == 0 {
		v.Cursor = ""
		return
	}
	at := slices.IndexFunc(rows, func(r row) bool { return r.rule == "" && r.Address == v.Cursor })
	if at < 0 {
		at = 0
		if by == 1 || by == -1 {
			by = 0
		}
	}
	to := max(min(at+by, len(rows)-1), 0)
	if rows[to].rule != "" { // neither the first nor the last
		if by < 0 {
			to--
		} else {
			to++
		}
	}
	v.Cursor = rows[to].Address
	if v.Open != "" {
		v.Open = v.Cursor
	}
	v.Offset = max(min(v.Offset, to), to-page+1)
}

// typed takes a key of the filter.
func (v *View) typed(k Key) {
	switch {
	case k == Enter:
		v.Typing = false
	case k == Escape:
		v.Typing, v.Filter = false, ""
	case k == Backspace:
		_, n := utf8.DecodeLastRuneInString(v.Filter)
		v.Filter = v.Filter[:len(v.Filter)-n]
	case k > 0 && unicode.IsPrint(rune(k)) && utf8.RuneCountInString(v.Filter) < maxFilter:
		v.Filter += string(rune(k))
	}
}

// Of returns the data to show: the new data, or that of the pause.
func (v *View) Of(d *Data) *Data {
	if v.Paused != nil {
		return v.Paused
	}
	return d
}

// clamp limits an offset so that the page is full, if there are enough members.
func clamp(offset, count, page int) int { return max(min(offset, count-page), 0) }
