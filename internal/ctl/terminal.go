// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/eelcocramer/tamtam/internal/ctl/top"
)

// What terminals are told, all of it in ECMA-48 or understood since the VT220 and xterm.
const (
	altScreen   = "\x1b[?1049h" // which leaves what was on the screen, and its scrollback, alone
	mainScreen  = "\x1b[?1049l"
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	cursorHome  = "\x1b[H"
	clearLine   = "\x1b[K" // from the cursor on
	clearBelow  = "\x1b[J" // from the cursor on
	clearScreen = cursorHome + clearBelow
)

// terminal is drawn on, and gives keys as they are pressed.
type terminal struct {
	in, out *os.File
	before  *term.State // of in, before it was first entered; nil when it was not
	undo    func()      // what else has to be done to be as before
	within  bool
}

// drawable tells whether the files are a terminal that understands what is above.
func drawable(in, out *os.File) bool {
	return term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())) && capable(os.Getenv("TERM"), out)
}

// enter has the terminal be drawn on: again, too, after somebody else had it.
func (t *terminal) enter() error {
	state, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return fmt.Errorf("have the terminal give keys: %w", err)
	}
	if t.before == nil {
		t.before = state
	}
	if !t.within {
		t.within, t.undo = true, prepare(t.out)
	}
	_, err = io.WriteString(t.out, altScreen+hideCursor+clearScreen)
	return err
}

// leave has it be as it was. It does nothing when that is so.
func (t *terminal) leave() {
	if !t.within {
		return
	}
	t.within = false
	// There is nobody to tell that it failed.
	_, _ = io.WriteString(t.out, showCursor+mainScreen)
	_ = term.Restore(int(t.in.Fd()), t.before)
	t.undo()
}

func (t *terminal) clear() error {
	_, err := io.WriteString(t.out, clearScreen)
	return err
}

// size is what there is to draw on; 80×24 when the terminal does not tell.
func (t *terminal) size() top.Size {
	w, h, err := term.GetSize(int(t.out.Fd()))
	if err != nil || w <= 0 || h <= 0 {
		return top.Size{Width: 80, Height: 24}
	}
	return top.Size{Width: w, Height: h}
}

// paint is what may be used beside text; see https://no-color.org.
func (t *terminal) paint() top.Paint {
	if os.Getenv("NO_COLOR") != "" {
		return top.Emphasis
	}
	return top.Colours
}

// draw draws over what is there, in one write and without clearing the screen first,
// which would flicker.
func (t *terminal) draw(lines []string, size top.Size) error {
	var b strings.Builder
	b.WriteString(cursorHome)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line)
		// A line that fills the width leaves the cursor on its last column, where
		// clearing would take the last character.
		if top.Columns(line) < size.Width {
			b.WriteString(clearLine)
		}
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}

// read brings what is typed, until ctx is done; the channel is closed when the terminal
// is gone. A read of a terminal cannot be called off everywhere: the one that is under way
// ends with the program, or takes one more key.
func (t *terminal) read(ctx context.Context) <-chan []byte {
	typed := make(chan []byte)
	go func() {
		defer close(typed)
		for {
			b := make([]byte, 256)
			n, err := t.in.Read(b)
			if err != nil {
				return
			}
			select {
			case typed <- b[:n]:
			case <-ctx.Done():
				return
			}
		}
	}()
	return typed
}
