// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package hangup

import "os"

// Catch returns a channel that stays empty: this system has no SIGHUP.
func Catch() (<-chan os.Signal, func()) { return nil, func() {} }
