// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// query chooses members.
type query = filter.Filter[*tamtamv1.TagPattern]

// statuses are the words of status.
var statuses = map[string]member.Status{"alive": member.Alive, "suspected": member.Suspected, "dead": member.Dead, "left": member.Left}

// parse reads the parameters that choose members:
//
//	tag=key=pattern, tag=key!=pattern   each of them; * stands for any text without a slash, ? for one character
//	name=pattern                        any of them
//	status=alive                        any of them
//	service=name                        offers it
func parse(values url.Values) (q query, err error) {
	if q.Tags, err = parseTags(values["tag"]); err != nil {
		return q, err
	}
	for _, text := range values["status"] {
		status, ok := statuses[strings.ToLower(text)]
		if !ok {
			return q, fmt.Errorf("status %.40q: want alive, suspected, dead or left", text)
		}
		if !slices.Contains(q.Statuses, status) {
			q.Statuses = append(q.Statuses, status)
		}
	}
	q.Names, q.Service = values["name"], values.Get("service")
	return q, q.Check()
}

// parseTags reads conditions about tags. It does not check their patterns.
func parseTags(texts []string) (all []*tamtamv1.TagPattern, err error) {
	for _, text := range texts {
		key, pattern, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("tag %.100q: want key=pattern or key!=pattern", text)
		}
		key, exclude := strings.CutSuffix(key, "!")
		if err := tags.CheckKey(key); err != nil {
			return nil, err
		}
		all = append(all, &tamtamv1.TagPattern{Key: key, Pattern: pattern, Exclude: exclude})
	}
	return all, nil
}
