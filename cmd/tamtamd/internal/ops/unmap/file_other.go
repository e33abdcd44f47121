// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package unmap

// File does nothing: only for Linux it is known what that does.
func File() error { return nil }
