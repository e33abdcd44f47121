// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package tags is what a node says of itself beside its name: short texts by key, such
// as role=web. Both programs know it.
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
	// MaxBytes bounds the keys and values of a node together.
	MaxBytes = limits.MaxTags
	// MaxCount bounds the number of tags of a node.
	MaxCount = limits.MaxTagCount
	// MaxEncoded is the most bytes that Encode makes: = and a line's end for each.
	MaxEncoded = MaxBytes + 2*MaxCount
)

// ErrBad: a tag is none, or there are too many.
var ErrBad = errors.New("bad tag")

// Set is the tags of a node, by key.
type Set map[string]string

// Split reads "key=value". A value may be empty. Fails with ErrBad.
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

// CheckKey returns what is wrong with a key. Fails with ErrBad.
func CheckKey(key string) error {
	if key == "" || len(key) > limits.MaxTagKey || strings.ContainsFunc(key, func(r rune) bool {
		return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-/", r)
	}) {
		return fmt.Errorf("%w: key %q: want 1 to %d letters, digits and . _ - /", ErrBad, key, limits.MaxTagKey)
	}
	return nil
}

// Check returns what is wrong with a set: a tag, or that all of them take over MaxBytes, or
// are more than MaxCount. Fails with ErrBad.
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
		return fmt.Errorf("%w: there are %d, at most %d", ErrBad, len(s), MaxCount)
	case size > MaxBytes:
		return fmt.Errorf("%w: all keys and values take %d bytes, at most %d", ErrBad, size, MaxBytes)
	}
	return nil
}

func (s Set) keys() []string { return slices.Sorted(maps.Keys(s)) }

// String returns "key=value" of each, in the order of their keys, separated by commas.
func (s Set) String() string { return strings.Join(s.lines(), ",") }

func (s Set) lines() []string {
	lines := make([]string, 0, len(s))
	for _, k := range s.keys() {
		lines = append(lines, k+"="+s[k])
	}
	return lines
}

// Encode returns the set as text, the same for equal sets: a line each.
func (s Set) Encode() string {
	if len(s) == 0 {
		return ""
	}
	return strings.Join(s.lines(), "\n") + "\n"
}

// Decode reads what Encode made, or another node says that it did. Fails with ErrBad.
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
