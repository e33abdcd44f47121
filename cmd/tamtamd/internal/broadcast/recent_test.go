// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import "testing"

func TestRecentRemembersTheLast(t *testing.T) {
	r := newRecent(4)
	for i := range uint32(6) {
		if !r.add(messageID{peer, i}) {
			t.Errorf("%d is new, and taken for known", i)
		}
	}
	for i := range uint32(6) {
		if _, known := r.set[messageID{peer, i}]; known != (i >= 2) {
			t.Errorf("%d is known: %v", i, known)
		}
	}
	if r.add(messageID{peer, 5}) || !r.add(messageID{other, 5}) {
		t.Error("an index is one origin's")
	}
	if len(r.ring) != 4 || len(r.set) != 4 {
		t.Errorf("%d in the ring, %d in the set", len(r.ring), len(r.set))
	}
}
