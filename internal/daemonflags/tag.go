// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"flag"
	"fmt"
	"maps"
	"strings"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/tags"
)

var (
	_ flag.Value     = tagValue{}
	_ config.List    = tagValue{}
	_ config.Mapping = tagValue{}
)

// tagValue is a set of tags; it grows with each Set. On the command line and in a variable, a
// comma separates tags; in a list or a mapping of the file it is part of a value.
type tagValue struct{ p *tags.Set }

func (v tagValue) String() string {
	if v.p == nil {
		return ""
	}
	return v.p.String()
}

func (v tagValue) Set(s string) error {
	var add tags.Set
	for one := range strings.SplitSeq(s, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if !strings.Contains(one, "=") && len(add) > 0 {
			return fmt.Errorf("%w %q: want key=value; a comma separates tags, so a value with one can only be in the file, as an item of a list", tags.ErrBad, one)
		}
		if err := split(&add, one); err != nil {
			return err
		}
	}
	return v.add(add)
}

// SetItem adds one tag, whose value may have commas.
func (v tagValue) SetItem(s string) error {
	var add tags.Set
	if err := split(&add, s); err != nil {
		return err
	}
	return v.add(add)
}

// SetPair adds one tag.
func (v tagValue) SetPair(key, value string) error { return v.add(tags.Set{key: value}) }

// split adds the tag of a text key=value to a set.
func split(to *tags.Set, text string) error {
	key, value, err := tags.Split(text)
	if err != nil {
		return err
	}
	if *to == nil {
		*to = tags.Set{}
	}
	(*to)[key] = value
	return nil
}

// add adds tags, or none of them.
func (v tagValue) add(more tags.Set) error {
	all := maps.Clone(*v.p)
	if all == nil {
		all = tags.Set{}
	}
	maps.Copy(all, more)
	if err := all.Check(); err != nil {
		return err
	}
	*v.p = all
	return nil
}
