// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/internal/escape"
)

// Escape makes visible all that would control a terminal, and all that is not UTF-8.
func Escape(s string) string { return escape.Text(s) }

// Name returns the name of a member for a text: quoted, unless it is like that of a host.
func Name(m interface{ GetName() string }) string { return escape.Name(m.GetName()) }

var lineEnds = strings.NewReplacer("\n", `\n`, "\r", `\r`)

// OneLine escapes line ends only, so that a text cannot look like several. It is for output
// that no terminal shows.
func OneLine(s string) string { return lineEnds.Replace(s) }

// OrDash returns s, or "-" for an empty cell of a table.
func OrDash(s string) string { return cmp.Or(s, "-") }

// SortedKeys returns the keys of a map in order.
func SortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// Plural returns a number and its noun: "1 warning", "2 warnings".
func Plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Trip rounds a round trip for people: two digits under 10 ms, then whole milliseconds, and
// hundredths of a second from 1 s.
func Trip(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	ms := float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
	return strconv.FormatFloat(ms, 'g', 2, 64) + "ms"
}

// Local is a time in the local zone, to the second.
func Local(t time.Time) string { return t.Local().Format(time.DateTime) }

// Age returns a time that has passed, in at most two units.
func Age(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}
