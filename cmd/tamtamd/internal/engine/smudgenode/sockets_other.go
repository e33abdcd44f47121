// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package smudgenode

func newSockets(take taker) (sockets, error) { return newEach(take) }
