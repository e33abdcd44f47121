// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"flag"
	"slices"
	"strings"
)

// ExpandShort replaces one-letter flags in args by their long names, and former names by the present
// ones. If both names were defined as flags, ff would read TAMTAM_BIND in spite of an explicit -b.
// Values of flags and everything after "--" stay unchanged.
func ExpandShort(fs *flag.FlagSet, args []string, short map[string]string) []string {
	out := slices.Clone(args)
	for i := 0; i < len(out); i++ {
		a := out[i]
		if a == "--" {
			break
		}
		if len(a) < 2 || a[0] != '-' {
			continue
		}
		name, value, has := strings.Cut(strings.TrimPrefix(a[1:], "-"), "=")
		long, ok := short[name]
		if !ok {
			long, ok = former[name]
		}
		if ok {
			name = long
			if out[i] = "--" + long; has {
				out[i] += "=" + value
			}
		}
		if f := fs.Lookup(name); f != nil && !has && !IsBool(f) {
			i++ // its value
		}
	}
	return out
}

// Asks reports whether args contain a flag that is not in fs, such as --version, and not as
// the value of another flag or after "--".
func Asks(fs *flag.FlagSet, args []string, name string) bool { return find(fs, args, name) >= 0 }

// Take returns args without a flag that is not in fs, and whether it was there, as Asks reports.
func Take(fs *flag.FlagSet, args []string, name string) (rest []string, there bool) {
	for i := find(fs, args, name); i >= 0; i = find(fs, args, name) {
		args, there = slices.Concat(args[:i], args[i+1:]), true
	}
	return args, there
}

// find returns the index of what Asks looks for; -1 if it is not there.
func find(fs *flag.FlagSet, args []string, name string) int {
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		a, ok := strings.CutPrefix(args[i], "-")
		a = strings.TrimPrefix(a, "-")
		if ok && a == name {
			return i
		}
		if f := fs.Lookup(a); ok && f != nil && !IsBool(f) {
			i++ // its value
		}
	}
	return -1
}

// IsBool reports whether a flag is boolean, and so takes no separate value.
func IsBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// Nearest returns the name that is most like the word, or none if all are far.
func Nearest(word string, names []string) string {
	best, least := "", 3 // one more than the edits of a likely typo
	for _, n := range names {
		if d := distance(word, n); d < least && d < len(word) {
			best, least = n, d
		}
	}
	return best
}

// distance is the Levenshtein distance, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
