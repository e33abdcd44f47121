// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package rpcguard

import "syscall"

// withMode runs f so that the files it creates have the mode from the start. The mask is
// that of the whole process, so no other goroutine may create files meanwhile: sockets are
// bound before anything else runs.
func withMode(mode int, f func() error) error {
	defer syscall.Umask(syscall.Umask(0o777 &^ mode))
	return f()
}
