// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// checkServer refuses a server on a unix socket that another user runs: a user who can write to
// the socket's directory could serve a socket of their own there, and would be sent the token. The
// server must be root, this user, or the owner of the directory. If systemd made the socket, the
// kernel reports the user who did, which is root.
func checkServer(conn net.Conn, path string) error {
	u, ok := conn.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return err
	}
	var peer *syscall.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		peer, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("which user serves %s: %w", path, err)
	}
	trusted := []int{0, os.Geteuid()}
	if owner, ok := ownerOf(filepath.Dir(path)); ok {
		trusted = append(trusted, owner)
	}
	return judgeServer(int(peer.Uid), trusted)
}

// ownerOf returns the owner of a directory; false if all users may write there without the sticky
// bit, so that any of them could have replaced the socket.
func ownerOf(dir string) (uid int, ok bool) {
	st, err := os.Stat(dir)
	if err != nil || st.Mode()&os.ModeSticky == 0 && st.Mode().Perm()&0o002 != 0 {
		return 0, false
	}
	s, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}
