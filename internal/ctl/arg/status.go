// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arg

import (
	"fmt"
	"strings"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// StatusNames are the names that Statuses takes, in any case.
var StatusNames = []string{"alive", "suspected", "dead", "left"}

// Statuses is a flag.Value: the statuses of a comma-separated list. A second list is added
// to the first.
type Statuses []tamtamv1.MemberStatus

func (*Statuses) String() string { return "" }

// Set implements flag.Value.
func (l *Statuses) Set(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		v, ok := tamtamv1.MemberStatus_value["MEMBER_STATUS_"+strings.ToUpper(strings.TrimSpace(name))]
		if !ok || v == 0 {
			return fmt.Errorf("want %s", strings.Join(StatusNames, ", "))
		}
		*l = append(*l, tamtamv1.MemberStatus(v))
	}
	return nil
}

// Status reads the name of one status.
func Status(s string) (tamtamv1.MemberStatus, error) {
	var list Statuses
	if err := list.Set(s); err != nil || len(list) != 1 {
		return 0, fmt.Errorf("want one of %s", strings.Join(StatusNames, ", "))
	}
	return list[0], nil
}
