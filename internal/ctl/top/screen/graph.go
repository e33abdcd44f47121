// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"math"
	"time"
)

// Graphs show the last 15 minutes and the one under way, in cells of a minute; or, on a screen
// with less width than graphWide, of two minutes, of which the higher rate is shown.
const (
	graphMinutes = int(stripTime/time.Minute) + 1
	graphWide    = 100
)

var graphLevels = []rune("▁▂▃▄▅▆▇█")

// graph is a line of the rates of the last minutes, the oldest first. Full height is the highest
// rate, or twice the mean if that is more, so that an even rate is half as high. The lowest level
// is only for 0. A cell before the node started is blank.
func graph(rates []float64, width int) string {
	if len(rates) == 0 {
		return ""
	}
	rates = rates[max(len(rates)-graphMinutes, 0):]
	sum, peak := 0.0, 0.0
	for _, v := range rates {
		sum, peak = sum+v, max(peak, v)
	}
	full := max(peak, 2*sum/float64(len(rates)))
	each := 1
	if width > 0 && width < graphWide {
		each = 2
	}
	line := make([]rune, 0, graphMinutes)
	for i := len(rates) - graphMinutes; i < len(rates); i += each {
		v := math.Inf(-1) // not known
		for _, one := range rates[max(i, 0):max(i+each, 0)] {
			v = max(v, one)
		}
		switch {
		case v < 0:
			line = append(line, ' ')
		case v == 0:
			line = append(line, graphLevels[0])
		default:
			line = append(line, graphLevels[max(int(math.Ceil(v/full*float64(len(graphLevels))))-1, 1)])
		}
	}
	return string(line)
}

// graphed is a rate with its graph.
func (r *renderer) graphed(text string, rate func(Rates) float64) string {
	rates := make([]float64, len(r.data.Minutes))
	for i, m := range r.data.Minutes {
		rates[i] = rate(m)
	}
	if g := graph(rates, r.Width); g != "" {
		return text + " " + g
	}
	return text
}
