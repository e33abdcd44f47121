// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"maps"
	"strings"

	"github.com/eelcocramer/tamtam"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// ChangeStatus returns the status of a member after an event, or Removed.
func ChangeStatus(e tamtam.Event) string {
	if e.Change.GetRemoved() {
		return Removed
	}
	return Status(e.Member.GetStatus())
}

// Was returns "  was STATUS" if the status before an event was another one.
func Was(e tamtam.Event) string {
	was := PreviousStatus(e.Change.GetPreviousStatus())
	if was == "" || was == ChangeStatus(e) {
		return ""
	}
	return "  was " + was
}

// Because returns ": REASON" for an event, or "" if there is nothing to say.
func Because(e tamtam.Event) string {
	if e.Change == nil {
		return ""
	}
	if e.Inferred {
		return ": found after reconnecting"
	}
	if s := updated(e.Before, e.Member); s != "" && e.Change.GetReason() == tamtamv1.ChangeReason_CHANGE_REASON_UPDATED {
		return ": " + s
	}
	c := Cause{e.Member.GetAddress(), e.Local, e.Change.GetReportedBy(), e.Change.GetReason(), e.Member.GetStatus()}
	if s := c.Sentence(); s != "" {
		return ": " + s
	}
	return ""
}

// updated returns what a member says of itself now, and what it said before; "" if that is not
// known, or is the same.
func updated(before, now *tamtamv1.Member) string {
	if before == nil {
		return ""
	}
	var parts []string
	differ := func(what, was, is string) {
		if was != is {
			parts = append(parts, what+Escape(OrDash(is))+" (was "+Escape(OrDash(was))+")")
		}
	}
	differ("name ", Name(before), Name(now))
	differ("version ", before.GetVersion(), now.GetVersion())
	differ("reached ", way(before), way(now))
	keys := maps.Clone(before.GetTags())
	if keys == nil {
		keys = map[string]string{}
	}
	maps.Copy(keys, now.GetTags())
	for _, key := range SortedKeys(keys) {
		was, had := before.GetTags()[key]
		is, has := now.GetTags()[key]
		switch {
		case !had:
			parts = append(parts, Escape(key+"="+is)+" (new)")
		case !has:
			parts = append(parts, Escape(key)+" deleted (was "+Escape(was)+")")
		case was != is:
			parts = append(parts, Escape(key+"="+is)+" (was "+Escape(was)+")")
		}
	}
	return strings.Join(parts, ", ")
}

// way returns how a member is reached.
func way(m *tamtamv1.Member) string {
	if m.GetVia() == "" {
		return "directly"
	}
	return "via " + m.GetVia()
}
