// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// want is a bound on a figure: every sample of every system but Serf is at most that. A
// run in which one is more fails.
type want struct {
	scenario, figure string
	most             float64
}

// errBound: a figure is beyond its bound.
var errBound = errors.New("out of bounds")

// parseWant reads "SCENARIO: FIGURE <= NUMBER", the figure as the table has it and the
// number in its unit.
func parseWant(s string) (want, error) {
	name, rest, named := strings.Cut(s, ":")
	i := strings.LastIndex(rest, "<=")
	if !named || i < 0 {
		return want{}, fmt.Errorf("%q: want SCENARIO: FIGURE <= NUMBER", s)
	}
	w := want{scenario: strings.TrimSpace(name), figure: strings.TrimSpace(rest[:i])}
	if !slices.ContainsFunc(scenarios, func(known scenario) bool { return known.name == w.scenario }) {
		return want{}, fmt.Errorf("%q: no scenario %q", s, w.scenario)
	}
	var err error
	if w.most, err = strconv.ParseFloat(strings.TrimSpace(rest[i+2:]), 64); err != nil {
		return want{}, fmt.Errorf("%q: %w", s, err)
	}
	return w, nil
}

// check returns an error for each bound that a figure exceeds, or that was not measured.
func check(wants []want, fs figures) error {
	var errs []error
	for _, w := range wants {
		measured := false
		for _, f := range fs {
			if f.Scenario != w.scenario || f.Name != w.figure || f.System == "serf" {
				continue
			}
			measured = measured || len(f.Samples)+f.Beyond > 0
			if f.Beyond > 0 || slices.ContainsFunc(f.Samples, func(v float64) bool { return v > w.most }) {
				errs = append(errs, fmt.Errorf("%w: %s %s: %s: %v, want at most %s",
					errBound, f.System, f.Scenario, f.Name, f, number(w.most)))
			}
		}
		if !measured {
			errs = append(errs, fmt.Errorf("%w: %s: %s was not measured", errBound, w.scenario, w.figure))
		}
	}
	return errors.Join(errs...)
}
