// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"testing"
)

func TestParseWant(t *testing.T) {
	for s, wanted := range map[string]want{
		"join: all see all <= 10":           {"join", "all see all", 10},
		"mesh:blocked: A lacks <=0.5":       {"mesh", "blocked: A lacks", 0.5},
		"hog: busy and after: a <= b <= 10": {"hog", "busy and after: a <= b", 10},
	} {
		if have, err := parseWant(s); err != nil || have != wanted {
			t.Errorf("%q: %+v, %v", s, have, err)
		}
	}
	for _, s := range []string{"", "join", "join <= 1", "join: all see all", "jion: all see all <= 1", "join: all see all <= x"} {
		if have, err := parseWant(s); err == nil {
			t.Errorf("%q is %+v", s, have)
		}
	}
}

func TestCheck(t *testing.T) {
	var fs figures
	fs.get("join", "all see all", "tamtam", "s").Samples = []float64{2, 3}
	fs.get("join", "all see all", "serf", "s").Samples = []float64{9}
	fs.get("hog", "free", "tamtam", "s").Samples = []float64{1}
	fs.get("hog", "free", "sealed", "s").Beyond = 1
	for _, c := range []struct {
		name string
		want want
		ok   bool
	}{
		{"the greatest sample counts, not Serf's", want{"join", "all see all", 3}, true},
		{"one sample is more", want{"join", "all see all", 2.5}, false},
		{"one came to no end", want{"hog", "free", 60}, false},
		{"not measured", want{"hog", "all see all", 60}, false},
	} {
		if err := check([]want{c.want}, fs); (err == nil) != c.ok || err != nil && !errors.Is(err, errBound) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
