// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"fmt"
	"slices"
)

// impostorError: another user than the daemon's may serve a unix socket.
type impostorError struct {
	uid     int
	trusted []int
}

func (e *impostorError) Error() string {
	return fmt.Sprintf("it runs as user %d, which may not serve this socket: only root, this user and the owner of the socket's directory may (user %v); "+
		"nothing was sent. Let the daemon's user own the directory, with mode 0755 or stricter",
		e.uid, e.trusted)
}

// judgeServer returns an impostorError if uid is not one of the trusted users.
func judgeServer(uid int, trusted []int) error {
	if slices.Contains(trusted, uid) {
		return nil
	}
	slices.Sort(trusted)
	return &impostorError{uid, slices.Compact(trusted)}
}
