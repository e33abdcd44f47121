// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package timerslack

// Raise does nothing: only Linux lets a process choose.
func Raise() {}
