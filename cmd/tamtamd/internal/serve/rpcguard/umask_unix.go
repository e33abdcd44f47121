// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package rpcguard

import "syscall"

// withMode has what f makes have the mode from the first moment on. The mask is the
// whole process's, so nothing else may make files meanwhile: sockets are bound before
// anything runs.
func withMode(mode int, f func() error) error {
	defer syscall.Umask(syscall.Umask(0o777 &^ mode))
	return f()
}
