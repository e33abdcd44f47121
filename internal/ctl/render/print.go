// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package render turns what the daemon returns into text and JSON. Names, tags and messages
// come from other machines: all of them are escaped before a person sees them. The package
// makes no calls.
package render

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/eelcocramer/tamtam/internal/escape"
)

// Printer prints results to one writer, as tables or as lines of JSON.
type Printer struct {
	Out  io.Writer
	JSON bool
	Form string // of a list of members: one of ctlflags.Outputs
}

// Print writes v as one line of JSON, or what table writes. Columns of a table are separated
// by tabs. There is one write, so that a reader sees whole lines only.
func (p Printer) Print(v any, table func(io.Writer)) error {
	if !p.JSON {
		var b strings.Builder
		table(&b)
		_, err := io.WriteString(p.Out, Align(b.String(), Width(p.Out)))
		return err
	}
	line, err := escape.Marshal(v)
	if err != nil {
		return err
	}
	_, err = p.Out.Write(append(line, '\n'))
	return err
}

// IsTerminal reports whether a stream is a terminal, or another device that a person may
// look at.
func IsTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	if err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	// The null device is a character device, too. As a standard stream it has another name.
	null, err := os.Stat(os.DevNull)
	return f.Name() != os.DevNull && (err != nil || !os.SameFile(st, null))
}

// Width returns the columns of a terminal; 0 if the stream is none.
func Width(stream any) int {
	if f, ok := stream.(*os.File); ok && IsTerminal(f) {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// Colours reports whether colours may be written to a stream; see https://no-color.org.
func Colours(stream any) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(stream)
}
