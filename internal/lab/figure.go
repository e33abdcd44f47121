// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
)

// figure is one row of the table for one system: what was measured, how often it was,
// and how often it took longer than anybody waits.
type figure struct {
	Scenario string    `json:"scenario"`
	Name     string    `json:"figure"`
	System   string    `json:"system"`
	Unit     string    `json:"unit,omitempty"`
	Samples  []float64 `json:"samples,omitempty"`
	// Beyond counts the samples that reached Limit; they are not among Samples.
	Beyond int     `json:"beyond,omitempty"`
	Limit  float64 `json:"limit,omitempty"`
	// Text is a figure that is not a number.
	Text string `json:"text,omitempty"`
}

// median is the lower of the middle two when there is an even number of them. Samples
// beyond the limit are more than all others; when they are the middle, ok is false.
func (f *figure) median() (v float64, ok bool) {
	sorted := slices.Sorted(slices.Values(f.Samples))
	middle := (len(sorted) + f.Beyond - 1) / 2
	if middle >= len(sorted) {
		return f.Limit, false
	}
	return sorted[middle], true
}

// String returns the median and, of several, the maximum: "2.41 (2.87)".
func (f *figure) String() string {
	switch n := len(f.Samples) + f.Beyond; {
	case f.Text != "":
		return f.Text
	case n == 0:
		return "-"
	case n == 1 && f.Beyond == 0:
		return number(f.Samples[0])
	case f.Beyond == n:
		return "> " + number(f.Limit)
	}
	v, ok := f.median()
	middle := number(v)
	if !ok {
		middle = "> " + middle
	}
	if f.Beyond > 0 {
		return fmt.Sprintf("%s (> %s, %d of %d)", middle, number(f.Limit), f.Beyond, len(f.Samples)+f.Beyond)
	}
	return fmt.Sprintf("%s (%s)", middle, number(slices.Max(f.Samples)))
}

// number returns three significant digits, without an exponent.
func number(v float64) string {
	switch {
	case v == float64(int64(v)) || v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// figures has the figures of a run, in the order of measurement.
type figures []*figure

// get returns the figure of that name. It adds one if there is none.
func (fs *figures) get(scenario, name, system, unit string) *figure {
	for _, f := range *fs {
		if f.Scenario == scenario && f.Name == name && f.System == system {
			f.Unit = cmp.Or(f.Unit, unit)
			return f
		}
	}
	f := &figure{Scenario: scenario, Name: name, System: system, Unit: unit}
	*fs = append(*fs, f)
	return f
}
