// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
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
	Offset int   // how many members are above the first row
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

// Of returns the data to show: the new data, or that of the pause.
func (v *View) Of(d *Data) *Data {
	if v.Paused != nil {
		return v.Paused
	}
	return d
}

// clamp limits an offset so that the page is full, if there are enough members.
func clamp(offset, count, page int) int { return max(min(offset, count-page), 0) }
