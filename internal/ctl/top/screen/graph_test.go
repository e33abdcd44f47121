// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import "testing"

// TestGraph: what is not known is blank, only 0 has the lowest level, an even rate is half as high,
// and of two minutes in a cell the higher rate is shown.
func TestGraph(t *testing.T) {
	even := func(n int, rate float64) (all []float64) {
		for range n {
			all = append(all, rate)
		}
		return all
	}
	for _, c := range []struct {
		rates []float64
		width int
		want  string
	}{
		{nil, 80, ""},
		{even(16, 0), 80, "▁▁▁▁▁▁▁▁"},
		{even(16, 7), 80, "▄▄▄▄▄▄▄▄"},
		{even(16, 7), 99, "▄▄▄▄▄▄▄▄"},
		{even(16, 7), 100, "▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄"},
		{even(16, 7), 0, "▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄"},
		{even(20, 7), 0, "▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄"}, // more than it has cells
		{even(1, 7), 80, "       ▄"},
		{even(3, 7), 80, "      ▄▄"},
		{even(3, 7), 0, "             ▄▄▄"},
		{append(even(15, 0.001), 1000), 0, "▂▂▂▂▂▂▂▂▂▂▂▂▂▂▂█"},
		{append(append(even(9, 0), 8), even(6, 0)...), 80, "▁▁▁▁█▁▁▁"},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8}, 0, "        ▂▂▃▄▅▆▇█"},
	} {
		if have := graph(c.rates, c.width); have != c.want {
			t.Errorf("%v in %d columns: %q, want %q", c.rates, c.width, have, c.want)
		}
	}
}
