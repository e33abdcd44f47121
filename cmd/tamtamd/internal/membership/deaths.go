// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// A node that joined after a member died learns of the death from the records of others. It
// greets the member first: one that answers is alive. One that does not is listed as dead, since
// when the other says.

// maxDeaths bounds the deaths that are checked at a time.
const maxDeaths = admission.MaxMembers

// reportedDeath is what another reports of a member that is not listed here.
type reportedDeath struct {
	session uint64
	by      netip.AddrPort
	at      time.Time
}

// learnDeath takes the record of a dead session at an address where no member is listed. What is
// about to be given up is not taken up any more.
func (c *Core) learnDeath(by *peer, r record, now time.Time) {
	soon := c.cfg.ReconnectTimeout - c.cfg.ReconnectTimeout/8
	if r.addr == c.cfg.Self.Addr || r.session == 0 || r.age() >= soon || c.tombstones.Knows(r.addr, r.session) || len(c.deaths) >= maxDeaths {
		return
	}
	if c.consider(r.addr, admission.Reason{By: by.addr}, now) {
		c.deaths[r.addr] = reportedDeath{r.session, by.addr, now.Add(-r.age())}
	}
}

// askOfDeath asks a member for its record of another that it says is dead, and that is not listed
// here: this node joined after that one died, and before the others found out.
func (c *Core) askOfDeath(by, dead netip.AddrPort, now time.Time) {
	_, asked := c.deaths[dead]
	if asked || c.members.get(dead) != nil || c.reporter(by, now) == nil || !c.mayAsk(now) {
		return
	}
	c.emitRecords(by, recordList{ask: true, buckets: spread.MaskOf(dead)})
}

// confirmDeath lists a member as dead that another reports dead, and that did not answer.
func (c *Core) confirmDeath(a netip.AddrPort, now time.Time) {
	d, reported := c.deaths[a]
	delete(c.deaths, a)
	if !reported || c.selfRemoved || c.members.get(a) != nil || c.tombstones.Knows(a, d.session) || c.members.len() >= admission.MaxMembers {
		return
	}
	p := &peer{addr: a, info: member.Info{Session: d.session}, status: member.Dead, by: d.by, changed: d.at, spread: true}
	c.members.put(p)
	c.reconnect.Dead(a, c.members.live+1, c.cfg.Heartbeat, now)
	c.count(countDeathsLearned)
	c.emit(TableRestore{a, p.info, member.Dead, d.by, d.at})
}
