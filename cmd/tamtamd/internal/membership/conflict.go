// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// probeSelfEvery is the time between two probes of this node's own address.
const probeSelfEvery = time.Minute

// contested learns that another node advertises the address of a member, which keeps it.
func (c *Core) contested(e wire.Event, now time.Time) {
	if c.conflicts.Note(e.Addr, e.Source, e.At, now) {
		c.log(level.WarnValue(), "msg", "two nodes advertise one address; the first keeps it, and the second cannot be a member: check its --advertise",
			"address", e.Addr, "first", e.Source, "second", e.At)
	}
}

// probeSelf asks from time to time who answers at the address that this node advertises, if
// that is not the one that it is bound to.
func (c *Core) probeSelf(now time.Time) {
	if c.cfg.ProbeSelf && now.Sub(c.probedSelf) >= probeSelfEvery {
		c.probedSelf = now
		c.emit(Probe{c.cfg.Self.Addr})
	}
}

// taken learns that another node answers at the address that this node advertises.
func (c *Core) taken(now time.Time) {
	if c.conflicts.Note(c.cfg.Self.Addr, netip.AddrPort{}, netip.AddrPort{}, now) {
		c.log(level.WarnValue(), "msg", "another node answers at the address that this node advertises, so others do not accept this node as a member: check --advertise",
			"address", c.cfg.Self.Addr)
	}
}

// Conflicts returns the addresses that two nodes advertise, as far as this node has seen it
// within the last minutes: admission.MaxConflicts at most.
func (c *Core) Conflicts(now time.Time) []admission.Conflict { return c.conflicts.Now(now) }
