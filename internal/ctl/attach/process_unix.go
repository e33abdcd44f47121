// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix && !linux

package attach

import "syscall"

// attributes gives CMD a process group of its own, so that Ctrl-C reaches this program first.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
