// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"net"

	"golang.org/x/sys/unix"
)

// userOf returns the user and the process at the other end of a unix socket when it connected;
// -1 if not known.
func userOf(c net.Conn) (uid, pid int) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return -1, 0
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return -1, 0
	}
	uid = -1
	_ = raw.Control(func(fd uintptr) { // then uid stays -1
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid, pid = int(cred.Uid), int(cred.Pid)
		}
	})
	return uid, pid
}
