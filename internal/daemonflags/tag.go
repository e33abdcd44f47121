// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"flag"
	"maps"
	"strings"

	"github.com/eelcocramer/tamtam/internal/tags"
)

var _ flag.Value = tagValue{}

// tagValue is a set of tags; it grows with each Set. Only tamtamctl tags can set a value
// with a comma.
type tagValue struct{ p *tags.Set }

func (v tagValue) String() string {
	if v.p == nil {
		return ""
	}
	return v.p.String()
}

func (v tagValue) Set(s string) error {
	all := maps.Clone(*v.p)
	if all == nil {
		all = tags.Set{}
	}
	for one := range strings.SplitSeq(s, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		key, value, err := tags.Split(one)
		if err != nil {
			return err
		}
		all[key] = value
	}
	if err := all.Check(); err != nil {
		return err
	}
	*v.p = all
	return nil
}
