// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"time"
)

// maxProbes bounds the indirect probes under way; past it the oldest is forgotten, and
// Smudge waits for each of its helpers.
const maxProbes = 1024

// MaxHelpers is how many helpers are asked. Smudge names 2.5·ln n, nine of thirty; SWIM
// has three.
const MaxHelpers = 4

// probeTimeouts is for how many probe timeouts an indirect probe is remembered.
const probeTimeouts = 3

// Probe is an indirect probe: helpers are asked to ping a member that did not answer.
type Probe struct {
	Target  netip.AddrPort
	Code    uint32 // the answers carry it back
	Helpers []netip.AddrPort
	until   time.Time // it is remembered
}

// Indirect keeps the indirect probes of the engine that are under way. In SWIM one
// helper that reaches a silent member is proof that it lives. Smudge waits for each of
// the helpers it asked, and two that do not answer, out of nine, are a death
// (membership.go:629). They need not even fail: a helper that is asked about the same
// member twice, with clocks that agree, answers only the second node that asked. So
// whatever shows that the member lives answers for all helpers.
//
//	A ─ PING ─▶ X     no answer
//	A ─ PINGREQ(X) ─▶ B, C, D, …
//	A ◀─ ACK ── C     to Smudge: also of B, D, …, if they are alive
//
// The zero value has none under way.
type Indirect struct{ probes []Probe }

// Asked notes that a helper was asked to ping the target, and returns how many were
// asked. timeout is the probe timeout.
func (i *Indirect) Asked(target, helper netip.AddrPort, code uint32, timeout time.Duration, now time.Time) int {
	at := slices.IndexFunc(i.probes, func(p Probe) bool { return p.Target == target && p.Code == code })
	if at < 0 {
		i.probes = slices.DeleteFunc(i.probes, func(p Probe) bool { return !p.until.After(now) })
		if len(i.probes) == maxProbes {
			i.probes = slices.Delete(i.probes, 0, 1)
		}
		i.probes = append(i.probes, Probe{Target: target, Code: code, until: now.Add(probeTimeouts * timeout)})
		at = len(i.probes) - 1
	}
	i.probes[at].Helpers = append(i.probes[at].Helpers, helper)
	return len(i.probes[at].Helpers)
}

// Asks reports whether helpers are being asked about a member.
func (i *Indirect) Asks(target netip.AddrPort, now time.Time) bool {
	return slices.ContainsFunc(i.probes, func(p Probe) bool { return p.Target == target && p.until.After(now) })
}

// Targets returns whom a helper was asked about with a code.
func (i *Indirect) Targets(helper netip.AddrPort, code uint32) (targets []netip.AddrPort) {
	for _, p := range i.probes {
		if p.Code == code && slices.Contains(p.Helpers, helper) {
			targets = append(targets, p.Target)
		}
	}
	return targets
}

// Heard takes a datagram of a member, which vouches for others as a helper that was asked
// with the code. It returns the probes that are answered by it, each with the helpers that
// have not answered themselves: those about the member, and those about the vouched.
func (i *Indirect) Heard(from netip.AddrPort, code uint32, vouched ...netip.AddrPort) (answered []Probe) {
	if len(i.probes) == 0 {
		return nil
	}
	i.probes = slices.DeleteFunc(i.probes, func(p Probe) bool {
		if p.Target != from && !(code == p.Code && slices.Contains(vouched, p.Target) && slices.Contains(p.Helpers, from)) {
			return false
		}
		p.Helpers = slices.DeleteFunc(p.Helpers, func(h netip.AddrPort) bool { return h == from })
		answered = append(answered, p)
		return true
	})
	return answered
}

// Len returns the number of probes under way.
func (i *Indirect) Len() int { return len(i.probes) }
