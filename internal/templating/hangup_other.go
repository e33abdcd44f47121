// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package templating

import "os"

// catchHangups returns a channel that stays empty: this system has no SIGHUP.
func catchHangups() (<-chan os.Signal, func()) { return nil, func() {} }
