// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package tags has the tags that a node announces about itself, which are short texts by key,
// such as role=web. Both programs use it.
package tags

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// MaxBytes bounds all keys and values of a node together, in bytes.
	MaxBytes = limits.MaxTags
	// MaxCount bounds the number of tags of a node.
	MaxCount = limits.MaxTagCount
	// MaxEncoded is the size of the longest result of Encode in bytes, with "=" and a line
	// feed for each tag.
	MaxEncoded = MaxBytes + 2*MaxCount
)

// ErrBad: a tag is not valid, or there are too many.
var ErrBad = errors.New("bad tag")

// Set has the tags of a node, by key.
type Set map[string]string

// Split parses "key=value". The value may be empty. It fails with ErrBad.
func Split(text string) (key, value string, err error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok {
		return "", "", fmt.Errorf("%w %q: want key=value", ErrBad, text)
	}
	return key, value, check(key, value)
}

func check(key, value string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%w: the value of %s, %q, is not printable UTF-8", ErrBad, key, value)
	}
	return nil
}

// CheckKey returns ErrBad, with the reason, unless a key is valid.
func CheckKey(key string) error {
	if key == "" || len(key) > limits.MaxTagKey || strings.ContainsFunc(key, func(r rune) bool {
		return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-/", r)
	}) {
		return fmt.Errorf("%w: key %q: want 1 to %d letters, digits and . _ - /", ErrBad, key, limits.MaxTagKey)
	}
	return nil
}

// Check returns ErrBad, with the reason, if a tag is not valid, if there are more than
// MaxCount, or if they have more than MaxBytes.
func (s Set) Check() error {
	size := 0
	for _, k := range s.keys() {
		if err := check(k, s[k]); err != nil {
			return err
		}
		size += len(k) + len(s[k])
	}
	switch {
	case len(s) > MaxCount:
		return fmt.Errorf("%w: there are %d, want at most %d", ErrBad, len(s), MaxCount)
	case size > MaxBytes:
		return fmt.Errorf("%w: all keys and values have %d bytes, want at most %d", ErrBad, size, MaxBytes)
	}
	return nil
}

func (s Set) keys() []string { return slices.Sorted(maps.Keys(s)) }

// String returns "key=value" of each tag, sorted by key, separated by commas.
func (s Set) String() string { return strings.Join(s.lines(), ",") }

func (s Set) lines() []string {
	lines := make([]string, 0, len(s))
	for _, k := range s.keys() {
		lines = append(lines, k+"="+s[k])
	}
	return lines
}

// Encode returns the set as text, with one line for each tag. Equal sets have equal texts.
func (s Set) Encode() string {
	if len(s) == 0 {
		return ""
	}
	return strings.Join(s.lines(), "\n") + "\n"
}

// Decode parses a text of Encode, which may come from another node. It fails with ErrBad.
func Decode(text string) (Set, error) {
	s := Set{}
	for line := range strings.Lines(text) {
		k, v, err := Split(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		s[k] = v
	}
	return s, s.Check()
}
