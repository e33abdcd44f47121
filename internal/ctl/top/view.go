// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"unicode"
	"unicode/utf8"
)

// maxFilter bounds what may be typed, in characters.
const maxFilter = 64

// View is how data is looked at: what the keys change.
type View struct {
	Order  Order
	Filter string
	Typing bool // the filter is being typed
	Help   bool
	Paused *Data // what is looked at instead of what is new; nil when not paused
	Offset int   // how many members are above the first one shown
}

// Action is what a key asks for, beside what it changed.
type Action int

// The actions.
const (
	Show Action = iota
	Quit
	Suspend // until the shell has the program go on
	Redraw  // something else wrote to the terminal
)

// Press takes a key, while the data is shown in so many lines.
func (v *View) Press(k Key, d *Data, height int) Action {
	switch k { // whatever else is going on
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
	count := len(chosen(shown.Members, v.Order, v.Filter))
	page := max(share(count, len(shown.Changes), height).rows, 1)
	switch k {
	case 'q', 'Q':
		return Quit
	case Escape:
		if !v.Help {
			return Quit
		}
		v.Help = false
	case '?', 'h':
		v.Help = !v.Help
	case 's':
		v.Order, v.Offset = (v.Order+1)%orders, 0
	case '/', 'f':
		v.Typing, v.Help, v.Filter, v.Offset = true, false, "", 0
	case 'p', ' ':
		if v.Paused == nil {
			still := *d
			v.Paused = &still
		} else {
			v.Paused = nil
		}
	case Up, 'k':
		v.Offset--
	case Down, 'j':
		v.Offset++
	case PageUp:
		v.Offset -= page
	case PageDown:
		v.Offset += page
	case Home, 'g':
		v.Offset = 0
	case End, 'G':
		v.Offset = count
	}
	v.Offset = clamp(v.Offset, count, page)
	return Show
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

// Of returns what is looked at: what is new, or what was so at the pause.
func (v *View) Of(d *Data) *Data {
	if v.Paused != nil {
		return v.Paused
	}
	return d
}

// clamp keeps a page full, as far as there are members.
func clamp(offset, count, page int) int { return max(min(offset, count-page), 0) }
