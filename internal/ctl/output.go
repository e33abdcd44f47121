// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

func (a *app) json() bool { return a.flags.Output == ctlflags.JSON }

// print writes v as one line of JSON, or what table writes.
func (a *app) print(v any, table func(io.Writer)) error {
	var b strings.Builder
	if a.json() {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return err
		}
	} else {
		w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
		table(w)
		if err := w.Flush(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(a.Out, b.String()) // at once: a reader sees whole lines
	return err
}

// isTerminal tells whether a person looks at the stream.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	// The null device is a character device, too.
	return err == nil && st.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}

// banner greets a person, on stderr.
func (a *app) banner() {
	if a.flags.NoBanner || a.json() || !isTerminal(a.Err) || !isTerminal(a.Out) {
		return
	}
	fmt.Fprintf(a.Err, "(( o ))  TamTam %s\n", buildinfo.Read().Version)
}
