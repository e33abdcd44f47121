// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package descriptors

import (
	"errors"
	"math"
	"os"
	"syscall"
)

// Limit returns how many descriptors the process may open: RLIMIT_NOFILE. The Go runtime has
// raised the soft limit to the hard one.
func Limit() uint64 {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) != nil {
		return math.MaxInt32 // not known
	}
	return min(uint64(r.Cur), math.MaxInt32)
}

// open returns how many descriptors are open; all, if there is none left to count them with.
func open() uint64 {
	d, err := os.Open("/dev/fd") // on Linux, a link to /proc/self/fd
	if errors.Is(err, syscall.EMFILE) {
		return Limit()
	}
	if err != nil {
		return 0
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil || len(names) == 0 {
		return 0
	}
	return uint64(len(names) - 1) // without that of the directory
}
