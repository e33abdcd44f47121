// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

const (
	// crowdedFrom is how many strangers that were never of use make an open cluster crowded, and
	// crowdedUntil how few end that. Fewer of them are found dead by pings soon enough, and in
	// small clusters nobody is asked without a need. From hugeFrom on, those that died are asked,
	// too: else they are kept for deadStranger, since a part of the cluster may be cut off.
	crowdedFrom, crowdedUntil = 64, 8
	hugeFrom                  = 512
	deadStranger              = 10 * time.Minute
	// strangerChecks is how many times each is asked, and strangerWait the time between: in a
	// lossy network, one question proves nothing.
	strangerChecks = 3
	strangerWait   = 2 * time.Second
	// strangersTime is how many times careInterval it takes to ask all of them once. With those
	// of a cluster that has just begun, which all answer, that is no load.
	strangersTime = 20
)

// askStrangers asks the strangers of an open cluster that were not heard since they became
// members, if there are many, and gives up those that do not answer. Else it would take as long
// as pings need for that many deaths, which others have to confirm, and then they would be kept as
// dead members.
func (c *Core) askStrangers(now time.Time) {
	unproved := 0
	var due []*peer
	for _, p := range c.members.sorted {
		if p.proved() || p.status == member.Left {
			continue
		}
		if !p.learned { // as dead, from others: of a cluster that has lost many, all that is left
			unproved++
		}
		if now.Sub(p.admitted) >= admission.ProvedAfter && now.Sub(p.checked) >= strangerWait*time.Duration(c.slow) {
			due = append(due, p)
		}
	}
	crowded := unproved > crowdedFrom || c.crowd > 0 && unproved > crowdedUntil
	if !crowded || !c.open() {
		c.crowd = 0
		return
	}
	c.crowd = max(c.crowd, unproved)
	asks, givenUp := 1+c.crowd/strangersTime, 0
	for _, p := range due {
		switch {
		case p.status == member.Dead && c.crowd <= hugeFrom && now.Sub(p.changed) < deadStranger:
		case p.checks == strangerChecks:
			givenUp++
			c.giveUpStranger(p)
		case asks > 0:
			asks--
			p.checked, p.checks = now, p.checks+1
			c.askStranger(p)
		}
	}
	if givenUp > 0 {
		c.log(level.WarnValue(), "msg", "members given up that have not answered since they joined", "count", givenUp, "left", unproved-givenUp)
	}
}

func (c *Core) giveUpStranger(p *peer) {
	c.unlist(p.addr, c.cfg.Self.Addr, member.GivenUp)
	c.count(countStrangersGivenUp)
	c.emit(CloseSession{p.addr})
	if p.listed {
		c.emit(EngineRemove{p.addr})
	}
}

func (c *Core) askStranger(p *peer) {
	if p.info.Plain() {
		c.emit(SendBare{p.addr, datagram.AppendBare(nil, datagram.Ping, c.cfg.Self.Addr.Port(), c.ProbeHeartbeat())})
		return
	}
	c.emit(Greet{p.addr})
}

// Keeps reports whether the address of a member is worth keeping for a restart: in a crowd, those
// of strangers that were never of use are not.
func (c *Core) Keeps(a netip.AddrPort) bool {
	p := c.members.get(a)
	return p == nil || c.crowd == 0 || p.proved()
}
