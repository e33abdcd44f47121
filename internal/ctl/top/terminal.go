// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/ctl/top/screen"
)

// Control sequences, all of them in ECMA-48 or understood since the VT220 and xterm.
const (
	altScreen   = "\x1b[?1049h" // keeps the main screen and its scrollback
	mainScreen  = "\x1b[?1049l"
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	cursorHome  = "\x1b[H"
	clearLine   = "\x1b[K" // from the cursor on
	clearBelow  = "\x1b[J" // from the cursor on
	clearScreen = cursorHome + clearBelow
)

// terminal is the user's terminal, to draw on and to read keys from.
type terminal struct {
	in, out *os.File
	before  *term.State // of in, before the first enter; nil until then
	undo    func()      // restores the rest
	within  bool        // between enter and leave
}

// newTerminal returns the terminal of the streams, or nil if they are not one that can be
// drawn on.
func newTerminal(in io.Reader, out io.Writer) *terminal {
	i, ok := in.(*os.File)
	o, also := out.(*os.File)
	if !ok || !also || !drawable(i, o) {
		return nil
	}
	return &terminal{in: i, out: o}
}

// drawable reports whether the files are a terminal that understands the sequences above.
func drawable(in, out *os.File) bool {
	return term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())) && capable(os.Getenv("TERM"), out)
}

// enter prepares the terminal for drawing. It may be called again after another program had the
// terminal.
func (t *terminal) enter() error {
	state, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return fmt.Errorf("set the terminal to raw mode: %w", err)
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

// leave restores the terminal. It does nothing outside enter and leave.
func (t *terminal) leave() {
	if !t.within {
		return
	}
	t.within = false
	// An error has nowhere to go.
	_, _ = io.WriteString(t.out, showCursor+mainScreen)
	_ = term.Restore(int(t.in.Fd()), t.before)
	t.undo()
}

func (t *terminal) clear() error {
	_, err := io.WriteString(t.out, clearScreen)
	return err
}

// size returns the size of the terminal; 80×24 if it is not known.
func (t *terminal) size() screen.Size {
	w, h, err := term.GetSize(int(t.out.Fd()))
	if err != nil || w <= 0 || h <= 0 {
		return screen.Size{Width: 80, Height: 24}
	}
	return screen.Size{Width: w, Height: h}
}

// paint returns what may be used beside text; see https://no-color.org.
func (t *terminal) paint() screen.Paint {
	if os.Getenv("NO_COLOR") != "" {
		return screen.Emphasis
	}
	return screen.Colours
}

// draw draws over the last screen, in one write. Clearing it first would flicker.
func (t *terminal) draw(lines []string, size screen.Size) error {
	var b strings.Builder
	b.WriteString(cursorHome)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line)
		// A line that fills the width leaves the cursor on its last column, where
		// clearing would take the last character.
		if cells.Painted(line) < size.Width {
			b.WriteString(clearLine)
		}
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}

// read brings what is typed, until ctx is done; the channel is closed when the terminal is
// gone. A read of a terminal cannot be cancelled on all systems: the last one ends with the
// program, or takes one more key.
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
