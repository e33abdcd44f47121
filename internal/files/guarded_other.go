// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package files

import "io/fs"

// guarded accepts any file: here its mode does not show who can read or write it.
func guarded(string, fs.FileInfo, bool) error { return nil }
