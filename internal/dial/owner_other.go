// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package dial

import "net"

// checkServer accepts any server: the check uses SO_PEERCRED, which only Linux has in this form.
func checkServer(net.Conn, string) error { return nil }
