// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import "net/netip"

// JoinResult tells how one address of Join fared.
type JoinResult struct {
	Address string           // as it was asked for
	Members []netip.AddrPort // those of its addresses that are members now
	Err     error            // why there is none; nil when there is
}
