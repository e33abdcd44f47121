// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package overflow

func memoryOf(uintptr) (memory, bool) { return memory{}, false }
