// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// writeTable writes the figures as a Markdown table with a column for each system.
func writeTable(w io.Writer, fs figures, systems []string) error {
	rows := [][]string{append([]string{"scenario", "figure", "unit"}, systems...)}
	type key struct{ scenario, name string }
	var order []key
	cells := map[key]map[string]*figure{}
	for _, f := range fs {
		k := key{f.Scenario, f.Name}
		if cells[k] == nil {
			cells[k] = map[string]*figure{}
			order = append(order, k)
		}
		cells[k][f.System] = f
	}
	// A figure that only the second system has stands with its scenario's others.
	rank := map[string]int{}
	for _, k := range order {
		if _, ok := rank[k.scenario]; !ok {
			rank[k.scenario] = len(rank)
		}
	}
	slices.SortStableFunc(order, func(a, b key) int { return rank[a.scenario] - rank[b.scenario] })
	for _, k := range order {
		row := []string{k.scenario, k.name, ""}
		for _, s := range systems {
			cell := "-"
			if f := cells[k][s]; f != nil {
				row[2], cell = f.Unit, f.String()
			}
			row = append(row, strings.ReplaceAll(cell, "|", `\|`))
		}
		rows = append(rows, row)
	}
	return writeRows(w, rows)
}

// writeRows pads columns to equal width, since people read the table as text as well.
func writeRows(w io.Writer, rows [][]string) error {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, row := range rows {
		for i, cell := range row {
			fmt.Fprintf(&b, "| %-*s ", width[i], cell)
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, w := range width {
				b.WriteString("|" + strings.Repeat("-", w+2))
			}
			b.WriteString("|\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeJSON writes all samples, and the description of the run.
func writeJSON(w io.Writer, about string, fs figures) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		About   string  `json:"about"`
		Figures figures `json:"figures"`
	}{about, fs})
}
