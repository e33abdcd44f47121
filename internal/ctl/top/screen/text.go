// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"fmt"
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
)

// pad returns a text of exactly n columns.
func pad(s string, n int) string {
	s = cells.Cut(s, n)
	return s + strings.Repeat(" ", n-cells.Columns(s))
}

// padLeft is pad with the text at the right.
func padLeft(s string, n int) string {
	s = cells.Cut(s, n)
	return strings.Repeat(" ", n-cells.Columns(s)) + s
}

// fit joins as many parts as fit into n columns, but at least the first; all if n is 0.
func fit(n int, separator string, parts ...string) string {
	var line string
	for _, p := range parts {
		switch {
		case p == "":
		case line == "":
			line = p
		case n > 0 && cells.Columns(line+separator+p) > n:
			return line
		default:
			line += separator + p
		}
	}
	return line
}

// percent returns a share as text; below 0 it is not known.
func percent(share float64) string {
	switch {
	case share < 0:
		return "-"
	case share > 0 && share < 0.01:
		return "<1%"
	}
	return fmt.Sprintf("%.0f%%", share*100)
}
