// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"testing"
	"time"
)

func TestEarlier(t *testing.T) {
	never, soon, late := time.Time{}, time.Unix(1, 0), time.Unix(2, 0)
	for _, c := range [][3]time.Time{
		{never, never, never}, {never, soon, soon}, {soon, never, soon}, {soon, late, soon}, {late, soon, soon}, {soon, soon, soon},
	} {
		if got := Earlier(c[0], c[1]); !got.Equal(c[2]) {
			t.Errorf("Earlier(%v, %v) = %v", c[0], c[1], got)
		}
	}
}
