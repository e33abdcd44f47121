// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// value is the value of a key, and the number of its line, from 1.
type value struct {
	text string
	line int
}

// parse returns the values of keys in a file, which is a YAML mapping. It reads of YAML what such
// files have: the keys in the first column, each with a plain or quoted value on its line, or of
// rpc a list, of which the first item counts. Other keys, and what is indented below them, are not
// looked at. What a value of keys has beyond that is an error, so that it is never misread.
// The error begins with the number of the line.
func parse(text string) (map[string]value, error) {
	values := map[string]value{}
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\r")
	}
	for i, line := range lines {
		if blank(line) || strings.ContainsAny(line[:1], " \t%") || line == "---" || line == "..." {
			continue
		}
		if line[0] == '{' {
			return nil, fmt.Errorf("%d: want lines of the form key: value", i+1)
		}
		key, rest, ok := cutKey(line)
		if !ok || !slices.Contains(keys, key) {
			continue
		}
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("%d: key %q is there twice", i+1, key)
		}
		if i+1 < len(lines) && key != "rpc" && continues(lines[i+1:]) {
			return nil, fmt.Errorf("%d: key %q: want one value, on its line", i+2, key)
		}
		v, at, err := one(key, rest, lines[i+1:])
		if err != nil {
			return nil, fmt.Errorf("%d: key %q: %w", i+1, key, err)
		}
		values[key] = value{v, i + 1 + at}
	}
	return values, nil
}

// one returns the value of a key, and how many lines below the key it is.
func one(key, rest string, below []string) (text string, at int, err error) {
	list := key == "rpc"
	switch {
	case list && strings.HasPrefix(rest, "["):
		text, err = firstOf(rest)
		return text, 0, err
	case list && rest == "":
		for i, line := range below {
			if blank(line) {
				continue
			}
			item, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "- ")
			if !ok {
				break
			}
			text, err = scalar(strings.TrimSpace(item))
			return text, i + 1, err
		}
	case list && continues(below):
		return "", 0, errors.New("want a value on its line, or a list of values")
	}
	text, err = scalar(rest)
	return text, 0, err
}

// blank reports whether a line has nothing but a comment.
func blank(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return line == "" || line[0] == '#'
}

// continues reports whether the next line belongs to the value above: it is indented, or an item.
func continues(below []string) bool {
	for _, line := range below {
		if !blank(line) {
			return line[0] == ' ' || line[0] == '\t' || strings.HasPrefix(line, "- ") || line == "-"
		}
	}
	return false
}

// cutKey cuts a line after its key, which may be quoted, and removes a comment that is all that follows.
func cutKey(line string) (key, rest string, ok bool) {
	if q := line[:1]; q == `"` || q == "'" {
		end := strings.Index(line[1:], q)
		if end < 0 {
			return "", "", false
		}
		key, rest = line[1:1+end], strings.TrimLeft(line[end+2:], " ")
		rest, ok = strings.CutPrefix(rest, ":")
	} else {
		key, rest, ok = strings.Cut(line, ":")
		key = strings.TrimRight(key, " ")
	}
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", "", false
	}
	if rest = strings.Trim(rest, " \t"); strings.HasPrefix(rest, "#") {
		rest = ""
	}
	return key, rest, true
}

// firstOf returns the first item of a list in brackets.
func firstOf(list string) (string, error) {
	body, rest, closed := strings.Cut(list[1:], "]")
	if !closed || !blank(rest) || strings.ContainsAny(body, `[{"'#`) {
		return "", errors.New("want a list such as [localhost:6262, unix:///run/tamtam/rpc.sock], on one line")
	}
	item, _, _ := strings.Cut(body, ",")
	return scalar(strings.TrimSpace(item))
}

// scalar returns the value that a text stands for.
func scalar(text string) (string, error) {
	form := errors.New("want one plain or quoted value")
	switch {
	case text == "":
		return "", errors.New("want one value")
	case text[0] == '\'':
		for i := 1; i < len(text); i++ {
			if text[i] != '\'' {
				continue
			}
			if i+1 < len(text) && text[i+1] == '\'' { // stands for one
				i++
				continue
			}
			if !blank(text[i+1:]) {
				break
			}
			return strings.ReplaceAll(text[1:i], "''", "'"), nil
		}
		return "", form
	case text[0] == '"':
		body, rest, closed := strings.Cut(text[1:], `"`)
		if !closed || !blank(rest) || strings.Contains(body, `\`) {
			return "", errors.New("want a value in one pair of quotes, without a backslash")
		}
		return body, nil
	case strings.ContainsAny(text[:1], "[]{},&*!|>%@`#") || (strings.HasPrefix(text, "- ") || strings.HasPrefix(text, "? ")):
		return "", form
	}
	text, _, _ = strings.Cut(text, " #")
	text = strings.TrimRight(text, " \t")
	if strings.Contains(text, ": ") || strings.HasSuffix(text, ":") {
		return "", form
	}
	switch text {
	case "~", "null", "Null", "NULL":
		return "", errors.New("want one value")
	}
	return text, nil
}
