// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package unmap

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// resident returns how much of this program's file is in memory, in KiB, of the parts that nobody can write to.
func resident(t *testing.T) (kib int) {
	t.Helper()
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mappings(b, exe) {
		if m.clean {
			kib += m.resident
		}
	}
	return kib
}

// TestFile: less of the program is in memory afterwards, and it goes on.
func TestFile(t *testing.T) {
	before := resident(t)
	if before == 0 {
		t.Fatal("nothing of the program is in memory")
	}
	if err := File(); err != nil {
		t.Fatal(err)
	}
	if after := resident(t); after >= before {
		t.Errorf("%d KiB before, %d after", before, after)
	}
	if s := strings.Repeat("it goes on ", 2); s != "it goes on it goes on " {
		t.Error(s)
	}
}

func TestMappings(t *testing.T) {
	const smaps = `00400000-00ae4000 r-xp 00000000 fe:00 99 /opt/a b/tamtamd
Rss:                6672 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00ae4000-00ae5000 r--p 006e4000 fe:00 99 /opt/a b/tamtamd
Rss:                   4 kB
Anonymous:             4 kB
012af000-01326000 rw-p 00eaf000 fe:00 99 /opt/a b/tamtamd
Rss:                 412 kB
Anonymous:           0 kB
01326000-0336c000 rw-p 00000000 00:00 0
Rss:                 112 kB
7000-8000 r--s 00000000 fe:00 98 /opt/a b/tamtamd
Rss:                 1 kB
8000-9000 r--p 00000000 fe:00 97 /opt/other
Rss:                 1 kB
Anonymous:           0 kB
`
	want := []mapping{
		{0x400000, 0xae4000, 6672, true},
		{0xae4000, 0xae5000, 4, false}, // the loader has relocated it
		{0x12af000, 0x1326000, 412, false},
		{0x7000, 0x8000, 1, false},
	}
	if got := mappings([]byte(smaps), "/opt/a b/tamtamd"); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := mappings([]byte("zz-1 r-xp 0 0 0 /x\n1-0 r-xp 0 0 0 /x\nRss: 1 kB\nAnonymous: x\n\n"), "/x"); len(got) > 0 {
		t.Errorf("got %+v of what is none", got)
	}
}
