// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package descriptors

import (
	"os"
	"runtime"
	"testing"
)

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
	u := Use(wanted)
	if u.Limit != Limit() || u.Wanted != wanted+reserve {
		t.Errorf("%+v", u)
	}
	if f, err := os.Open("."); err == nil {
		defer f.Close()
		if more := Use(wanted); u.Open != 0 && more.Open <= u.Open {
			t.Errorf("%d open, and with one more %d", u.Open, more.Open)
		}
	}
	if runtime.GOOS == "linux" && (u.Open < 3 || u.Open > u.Limit) {
		t.Errorf("%+v", u)
	}
	if Limit() == 0 {
		t.Error("this process may open nothing")
	}
}
