// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"slices"
	"time"
)

const (
	// MaxConflicts bounds the conflicts that are remembered. In an open cluster anybody can
	// claim any address.
	MaxConflicts = 16
	// ConflictFor is for how long one is remembered after the last sign of it.
	ConflictFor = 3 * time.Minute
	// conflictLogs is the least time between two log lines about an address.
	conflictLogs = time.Minute
)

// Conflict is an address that two nodes advertise.
type Conflict struct {
	Addr netip.AddrPort
	// First is where the packets of the member at Addr come from, Second where those of the
	// other node do. If Addr is this node's own, both are invalid.
	First, Second netip.AddrPort
	Seen          time.Time

	logged time.Time
}

// Conflicts are the addresses that two nodes advertise.
type Conflicts struct{ all []Conflict }

// Note notes a conflict that shows now, and reports whether it should be logged. At the bound
// it is forgotten.
func (c *Conflicts) Note(addr, first, second netip.AddrPort, now time.Time) (log bool) {
	c.all = c.Now(now)
	i := slices.IndexFunc(c.all, func(k Conflict) bool { return k.Addr == addr })
	if i < 0 {
		if len(c.all) >= MaxConflicts {
			return false
		}
		i = len(c.all)
		c.all = append(c.all, Conflict{Addr: addr})
	}
	k := &c.all[i]
	k.First, k.Second, k.Seen = first, second, now
	if !k.logged.IsZero() && now.Sub(k.logged) < conflictLogs {
		return false
	}
	k.logged = now
	return true
}

// Now returns the conflicts that have shown recently: MaxConflicts at most.
func (c *Conflicts) Now(now time.Time) []Conflict {
	return slices.DeleteFunc(slices.Clone(c.all), func(k Conflict) bool { return now.Sub(k.Seen) > ConflictFor })
}
