// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package descriptors

import (
	"math"
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
