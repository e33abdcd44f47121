// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"testing"
	"time"
)

// TestReportAsked: what is missing counts as longer than all that came.
func TestReportAsked(t *testing.T) {
	var fs figures
	tr := &trial{system: &tamtam{processes: &processes{system: "tamtam"}}, scenario: "query", n: 2, figures: &fs, progress: io.Discard}
	tr.opt.straggle = 10 * time.Second
	all := map[string]int{"a": 1, "b": 1}
	var results []answered
	for i := range 97 {
		results = append(results, answered{answers: all, took: time.Duration(97-i) * time.Millisecond})
	}
	results = append(results,
		answered{answers: map[string]int{"a": 2}, named: map[string]int{"DEAD": 1}}, answered{answers: map[string]int{"a": 1}}, answered{}, answered{refused: true})
	tr.reportAsked("", results, 5000)
	for name, want := range map[string]string{
		"queries taken by the system": "100", "refused": "1", "answers that came, of queries × N": "98", "queries that all answered": "97",
		"answered or named, of queries × N": "98.5", "named as DEAD, of queries × N": "0.500", "answers that came twice": "1", "until all have answered, median": "50",
		"until all have answered, p99": "> 10000", "sent per query, less what is sent at rest, IP": "50",
	} {
		if got := fs.get("query", name, "tamtam", "").String(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
