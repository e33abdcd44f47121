// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
)

// gap separates the columns of a table.
const gap = "  "

// Align aligns the columns of lines, which tabs separate. Lines without tabs stay as they are,
// and what stands before and after one has columns of its own. No line ends with blanks.
func Align(text string) string {
	var b strings.Builder
	var block [][]string
	flush := func() {
		var widths []int
		for _, row := range block {
			for i, c := range row[:len(row)-1] {
				if i == len(widths) {
					widths = append(widths, 0)
				}
				widths[i] = max(widths[i], cells.Painted(c))
			}
		}
		for _, row := range block {
			var line strings.Builder
			for i, c := range row {
				line.WriteString(c)
				if i < len(row)-1 {
					line.WriteString(strings.Repeat(" ", widths[i]-cells.Painted(c)) + gap)
				}
			}
			b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		}
		block = nil
	}
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		if strings.Contains(line, "\t") {
			block = append(block, strings.Split(line, "\t"))
			continue
		}
		flush()
		b.WriteString(line)
		if ended {
			b.WriteByte('\n')
		}
	}
	flush()
	return b.String()
}
