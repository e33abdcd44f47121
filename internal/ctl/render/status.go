// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Removed stands in the place of a status for a member that is no longer listed.
const Removed = "removed"

// Status returns the name of a status, as ALIVE.
func Status(s tamtamv1.MemberStatus) string { return strings.TrimPrefix(s.String(), "MEMBER_STATUS_") }

// PreviousStatus is Status, but empty if there was none.
func PreviousStatus(s tamtamv1.MemberStatus) string {
	if s == 0 {
		return ""
	}
	return Status(s)
}

// Reason returns the name of a reason, as NO_ANSWER; empty if there is none.
func Reason(r tamtamv1.ChangeReason) string {
	if r == 0 {
		return ""
	}
	return strings.TrimPrefix(r.String(), "CHANGE_REASON_")
}

// LogLevel returns the name of a log level, as info.
func LogLevel(l tamtamv1.LogLevel) string {
	return strings.ToLower(strings.TrimPrefix(l.String(), "LOG_LEVEL_"))
}
