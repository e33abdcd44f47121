// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package files

import "io/fs"

// private accepts any file: here its mode does not show who can read it.
func private(string, fs.FileInfo) error { return nil }
