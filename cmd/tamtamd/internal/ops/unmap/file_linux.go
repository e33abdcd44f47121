// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package unmap

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// File unmaps the pages of the file of this program. Each is mapped again when it is next used. Only
// those of which the file has the content are: what the loader or a debugger has changed stays. Fails if the kernel
// does not say what is mapped, or refuses, as it does for memory that is locked.
func File() error {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return err
	}
	for _, m := range mappings(smaps, exe) {
		if !m.clean {
			continue
		}
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return nil
}

// mapping is a part of a file in memory.
type mapping struct {
	start, end uintptr
	resident   int  // KiB
	clean      bool // nobody can write to it, and none of it differs from the file
}

// mappings returns those of a file, of /proc/PID/smaps.
func mappings(smaps []byte, file string) (all []mapping) {
	var m *mapping
	for line := range bytes.Lines(smaps) {
		f := strings.Fields(string(line))
		if len(f) < 2 {
			continue
		}
		if name, is := strings.CutSuffix(f[0], ":"); is { // of the mapping before
			n, err := strconv.Atoi(f[1])
			switch {
			case m == nil || err != nil:
			case name == "Rss":
				m.resident = n
			case name == "Anonymous":
				m.clean = m.clean && n == 0
			}
			continue
		}
		m = nil
		start, end, ok := addresses(f[0])
		if len(f) < 6 || !ok || !strings.HasSuffix(string(line), " "+file+"\n") {
			continue
		}
		all = append(all, mapping{start: start, end: end, clean: strings.HasPrefix(f[1], "r-") && strings.HasSuffix(f[1], "p")})
		m = &all[len(all)-1]
	}
	return all
}

// addresses reads a range of addresses.
func addresses(s string) (start, end uintptr, ok bool) {
	from, to, _ := strings.Cut(s, "-")
	a, errA := strconv.ParseUint(from, 16, strconv.IntSize)
	b, errB := strconv.ParseUint(to, 16, strconv.IntSize)
	return uintptr(a), uintptr(b), errA == nil && errB == nil && a < b
}
