// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/eelcocramer/tamtam/internal/doctor/sentence"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// reachable: each member answers a question.
func reachable(e *exam) (wrong []Finding, well string) {
	for _, m := range e.others {
		switch s := m.GetMember().GetStatus(); {
		case s == tamtamv1.MemberStatus_MEMBER_STATUS_DEAD:
			wrong = append(wrong, says(m, Failure, sentence.Dead(addr(m))))
		case live(m) && !m.GetMember().GetPlain() && !m.GetAnswered():
			wrong = append(wrong, about(m, Failure,
				fmt.Sprintf("let UDP through in both directions between %s and %s; check whether its machine is overloaded",
					e.addr(), addr(m)),
				"no answer to a question: %s", m.GetError()))
		case s == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED:
			wrong = append(wrong, about(m, Warning, "tamtamctl why "+addr(m),
				"it is SUSPECTED: a ping was not answered"))
		}
	}
	switch alone := !slices.ContainsFunc(e.others, live); {
	case alone && e.unready && e.removal == nil:
		// It serves, so everything else looks well.
		return append([]Finding{says(e.self, Failure, sentence.NoSeed(e.addr()))}, wrong...), ""
	case len(e.others) == 0 && e.removal == nil:
		return []Finding{says(e.self, Warning, sentence.Alone(e.addr()))}, ""
	}
	var unasked []*tamtamv1.Inspection
	for _, m := range e.others {
		if live(m) && m.GetMember().GetPlain() {
			unasked = append(unasked, m)
		}
	}
	if len(unasked) > 0 && len(wrong) == 0 {
		return []Finding{skipped("%d members answer; plain Smudge nodes cannot: %s", len(e.answered), names(unasked))}, ""
	}
	return wrong, fmt.Sprintf("%d of %d other members answer",
		len(e.answered), len(e.others))
}

// flapping: no member comes and goes.
func flapping(e *exam) (wrong []Finding, well string) {
	for _, m := range e.others {
		if m.GetMember().GetFlapping() {
			wrong = append(wrong, says(m, Warning, sentence.Flapping(addr(m))))
		}
	}
	return wrong, "no member comes and goes"
}

// distinct: no two live members have the same name. Nothing forbids it, but a program that waits
// for a name, or looks its address up, may get the wrong one. Several nodes on one machine have
// its name by default, so one for each IP address counts.
func distinct(e *exam) (wrong []Finding, well string) {
	named := map[string][]string{} // the addresses of live members, by name
	for _, m := range append([]*tamtamv1.Inspection{e.self}, e.others...) {
		if n := m.GetMember().GetName(); n != "" && live(m) {
			same := func(other string) bool { return host(other) == host(addr(m)) }
			if !slices.ContainsFunc(named[n], same) {
				named[n] = append(named[n], addr(m))
			}
		}
	}
	for _, n := range sorted(named) {
		addrs := named[n]
		if len(addrs) < 2 {
			continue
		}
		wrong = append(wrong, about(e.members[addrs[1]], Warning,
			"start one of them with another --name; if you do not know it, find out who joined under this name",
			"it has the same name as %s, %q: live members at %d IP addresses have it", addrs[0], n, len(addrs)))
	}
	return wrong, "no live members at different IP addresses have the same name"
}

// host returns the IP address of a member's address.
func host(addr string) string {
	if a, err := netip.ParseAddrPort(addr); err == nil {
		return a.Addr().String()
	}
	return addr
}

// plain: all members run TamTam, and no plain Smudge node is kept out.
func plain(e *exam) (wrong []Finding, well string) {
	for _, m := range e.others {
		if m.GetMember().GetPlain() && live(m) {
			wrong = append(wrong, about(m, Warning, "run a current tamtamd there",
				"it is a plain Smudge node: lost packets to it are not retransmitted, and it answers no questions"))
		}
	}
	for _, s := range e.plains {
		wrong = append(wrong, Finding{
			Verdict: Warning, Found: fmt.Sprintf("plain Smudge datagrams from %s are dropped: this node was started without --plain", s.GetIp()),
			Do: "run a current tamtamd there; or, if it must stay, start all nodes with --plain",
		})
	}
	return wrong, "all members run TamTam"
}

// views: all members list the same members as live, and as dead. Lists differ for a moment when a member comes or
// goes.
func views(e *exam) (wrong []Finding, well string) {
	own := e.self.GetReport()
	for _, m := range e.answered {
		if r := m.GetReport(); r.GetDigest() != own.GetDigest() {
			wrong = append(wrong, says(m, Warning, sentence.Views(
				fmt.Sprint(r.GetAlive()+r.GetSuspected()), fmt.Sprintf("this node %d", own.GetAlive()+own.GetSuspected()), addr(m))))
		}
	}
	if n := len(e.answered); n >= 3 && len(wrong) == n && sameDigest(e.answered) {
		return []Finding{about(e.self, Warning,
			sentence.Views("", "", "the address of another").Do,
			"this node lists %d members as live, and all others agree on %d", own.GetAlive()+own.GetSuspected(),
			e.answered[0].GetReport().GetAlive()+e.answered[0].GetReport().GetSuspected())}, ""
	}
	if len(wrong) > 0 { // that comes first
		return wrong, ""
	}
	for _, m := range e.answered {
		if r := m.GetReport(); r.GetDeadDigest() != 0 && own.GetDeadDigest() != 0 && r.GetDeadDigest() != own.GetDeadDigest() {
			wrong = append(wrong, about(m, Warning,
				"run this again: a death takes some seconds to spread; if it persists, compare tamtamctl nodes --status dead on both, and "+
					"tamtamctl remove those that will not return",
				"it lists %d members as dead, this node %d, and they are not the same", r.GetDead(), own.GetDead()))
		}
	}
	return wrong, "all members that answer list the same members as live and as dead"
}

func sameDigest(all []*tamtamv1.Inspection) bool {
	for _, m := range all {
		if m.GetReport().GetDigest() != all[0].GetReport().GetDigest() {
			return false
		}
	}
	return true
}
