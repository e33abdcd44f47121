// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"fmt"
	"io"
	"os"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
)

// banner writes the name and the version to a terminal, and nothing elsewhere: it would be
// a line that a log collector cannot parse.
func banner(w io.Writer, build buildinfo.Info) {
	f, ok := w.(*os.File)
	if !ok {
		return
	}
	if st, err := f.Stat(); err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return
	}
	fmt.Fprintf(w, "\n  (( o ))  TamTam %s\n\n", build.Version)
}
