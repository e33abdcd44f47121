// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"maps"
	"slices"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// compare returns the changes that lead from one list of members to another, by
// address: first the removed members, then the rest, each ordered by address. They have
// a time where the later list has it.
func compare(was, is map[string]*tamtamv1.Member) []*tamtamv1.MemberChange {
	var changes []*tamtamv1.MemberChange
	for _, a := range slices.Sorted(maps.Keys(was)) {
		if is[a] == nil {
			changes = append(changes, &tamtamv1.MemberChange{Member: was[a], PreviousStatus: was[a].GetStatus(), Removed: true})
		}
	}
	for _, a := range slices.Sorted(maps.Keys(is)) {
		m, before := is[a], was[a]
		if before != nil && same(before, m) {
			continue
		}
		c := &tamtamv1.MemberChange{Member: m, PreviousStatus: before.GetStatus()}
		if before.GetStatus() != m.GetStatus() || before.GetSession() != m.GetSession() {
			c.Time = m.GetStatusSince()
		}
		changes = append(changes, c)
	}
	return changes
}

// same reports whether two states of a member differ in nothing that makes a change: a round
// trip does not.
func same(a, b *tamtamv1.Member) bool {
	return a.GetStatus() == b.GetStatus() && a.GetSession() == b.GetSession() && a.GetName() == b.GetName() &&
		a.GetVersion() == b.GetVersion() && a.GetPlain() == b.GetPlain() && maps.Equal(a.GetTags(), b.GetTags())
}
