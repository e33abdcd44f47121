// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"path"
	"strings"
	"unicode"

	"github.com/eelcocramer/tamtam/internal/tags"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// Match reports whether the tags of a node, as package tags encodes them, match all conditions. A
// pattern that is not well-formed matches nothing.
func Match(encoded string, conditions []*peerv1.TagCondition) bool {
	if len(conditions) == 0 {
		return true
	}
	have, _ := tags.Decode(encoded) // checked when the node announced them
	for _, t := range conditions {
		v, ok := have[t.GetKey()]
		if ok {
			ok, _ = path.Match(t.GetPattern(), v)
		}
		if ok == t.GetExclude() {
			return false
		}
	}
	return true
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
