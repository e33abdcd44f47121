// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	"github.com/eelcocramer/tamtam/internal/ctl/cells"
)

// gap separates the columns of a table.
const gap = "  "

// leastFold is the least number of columns into which a cell is folded.
const leastFold = 24

// Align aligns the columns of lines, which tabs separate. Lines without tabs stay as they are,
// and what stands before and after one has columns of its own. No line ends with blanks. Of
// lines that are longer than width, the last column is folded, if leastFold columns are left for
// it; of width 0, none.
func Align(text string, width int) string {
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
			start := ""
			for i, c := range row[:len(row)-1] {
				start += c + strings.Repeat(" ", widths[i]-cells.Painted(c)) + gap
			}
			at := cells.Painted(start)
			for _, part := range fold(row[len(row)-1], width-at) {
				b.WriteString(strings.TrimRight(start+part, " ") + "\n")
				start = strings.Repeat(" ", at)
			}
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

// fold breaks a text at its words into lines of at most so many columns, unless they are fewer
// than leastFold.
func fold(text string, columns int) (lines []string) {
	if columns < leastFold || cells.Painted(text) <= columns {
		return []string{text}
	}
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && cells.Painted(line)+1+cells.Painted(word) > columns {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
