// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix && !aix && !linux

package wire

import "net/netip"

// runs sends nothing here: packets are sent one at a time.
type runs struct{}

func newRuns(*sender) runs { return runs{} }

func (s *sender) sendRun(netip.AddrPort, [][]byte) bool { return false }
