// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package descriptors

import "testing"

func TestShare(t *testing.T) {
	const wanted = 320
	for limit, want := range map[uint64]uint64{
		1 << 20: wanted, wanted + reserve: wanted, wanted + reserve - 1: wanted - 1,
		256: 128, 128: 64, 64: 32, 44: 12, 20: minConnections, 0: minConnections,
	} {
		if got := Share(limit, wanted); got != want {
			t.Errorf("of %d: %d connections, want %d", limit, got, want)
		}
	}
	if Limit() == 0 {
		t.Error("this process may open nothing")
	}
}
