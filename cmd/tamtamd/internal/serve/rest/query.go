// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// maxValues bounds the values of all parameters of a request: a member has at most 32 tags.
const maxValues = 64

// query chooses members. Its zero value chooses all.
type query struct {
	tags     []condition
	names    []string // patterns, any of them
	statuses []string // any of them
	service  string
}

// condition is about a tag.
type condition struct {
	key, pattern string
	exclude      bool // members whose tag does not match, or that have none
}

// parse reads the parameters that a path knows:
//
//	tag=key=pattern, tag=key!=pattern   each of them; * stands for any text without a slash, ? for one character
//	name=pattern                        any of them
//	status=alive                        any of them
//	service=name                        offers it
func parse(values url.Values, known ...string) (q query, err error) {
	n := 0
	for key, all := range values {
		if !slices.Contains(known, key) {
			return q, fmt.Errorf("parameter %.40q is not known: want one of %s", key, strings.Join(known, ", "))
		}
		n += len(all)
	}
	if n > maxValues {
		return q, fmt.Errorf("%d parameters, want at most %d", n, maxValues)
	}
	for _, text := range values["tag"] {
		c, err := parseCondition(text)
		if err != nil {
			return q, err
		}
		q.tags = append(q.tags, c)
	}
	for _, pattern := range values["name"] {
		if err := checkPattern(pattern); err != nil {
			return q, err
		}
		q.names = append(q.names, pattern)
	}
	for _, text := range values["status"] {
		status := strings.ToUpper(text)
		if !slices.Contains([]string{"ALIVE", "SUSPECTED", "DEAD", "LEFT"}, status) {
			return q, fmt.Errorf("status %.40q: want alive, suspected, dead or left", text)
		}
		q.statuses = append(q.statuses, status)
	}
	if q.service = values.Get("service"); q.service != "" {
		err = services.CheckName(q.service)
	}
	return q, err
}

func parseCondition(text string) (c condition, err error) {
	key, pattern, ok := strings.Cut(text, "=")
	if !ok {
		return c, fmt.Errorf("tag %.100q: want key=pattern or key!=pattern", text)
	}
	key, exclude := strings.CutSuffix(key, "!")
	if err := tags.CheckKey(key); err != nil {
		return c, err
	}
	return condition{key, pattern, exclude}, checkPattern(pattern)
}

func checkPattern(pattern string) error {
	if len(pattern) > limits.MaxTags { // it may take as many steps as it has bytes, for each member
		return fmt.Errorf("a pattern has %d bytes, want at most %d", len(pattern), limits.MaxTags)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("pattern %.100q: want text in which * stands for any text without a slash, and ? for one character", pattern)
	}
	return nil
}

// matches reports whether a member is chosen.
func (q query) matches(v Member) bool {
	for _, c := range q.tags {
		have, ok := v.Tags[c.key]
		if (ok && glob(c.pattern, have)) == c.exclude {
			return false
		}
	}
	if len(q.names) > 0 && !slices.ContainsFunc(q.names, func(pattern string) bool { return glob(pattern, v.Name) }) {
		return false
	}
	if len(q.statuses) > 0 && !slices.Contains(q.statuses, v.Status) {
		return false
	}
	_, offered := offers(v, q.service)
	return q.service == "" || offered
}

// glob reports whether a text matches a pattern.
func glob(pattern, text string) bool {
	ok, _ := path.Match(pattern, text)
	return ok
}
