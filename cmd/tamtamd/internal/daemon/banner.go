// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"fmt"
	"io"
	"os"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
)

// banner greets a person. A log collector is no person.
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
