// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package overflow

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Indexes in what SO_MEMINFO returns (include/uapi/linux/sock_diag.h).
const (
	memUsed    = 0 // SK_MEMINFO_RMEM_ALLOC
	memSize    = 1 // SK_MEMINFO_RCVBUF
	memDropped = 8 // SK_MEMINFO_DROPS
	memVars    = 9
)

// memoryOf returns what the kernel says of a socket; false before Linux 4.12, and in some sandboxes.
func memoryOf(fd uintptr) (memory, bool) {
	var vars [memVars]uint32
	size := uint32(unsafe.Sizeof(vars))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&vars)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size < uint32(unsafe.Sizeof(vars)) {
		return memory{}, false
	}
	return memory{vars[memUsed], vars[memSize], vars[memDropped]}, true
}
