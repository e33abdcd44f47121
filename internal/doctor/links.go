// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"time"

	"github.com/eelcocramer/tamtam/internal/doctor/sentence"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Thresholds for links.
const (
	// Loss of one direction in percent. The daemon knows it once lossFrames frames were sent.
	lossWarning, lossFailure = 5, 30
	lossFrames               = 50
)

// silence returns how long a direction must go without acknowledgement to count as blocked. A
// frame is retransmitted about a dozen times meanwhile. At 30 % loss all of them fail by
// chance once in some thousand cases.
func silence(profile string) time.Duration {
	if profile == "wan" {
		return 6 * time.Second
	}
	return 2 * time.Second
}

// slow has the longest round trip that each profile is made for.
var slow = map[string]time.Duration{
	"local": 50 * time.Millisecond, "lan": 100 * time.Millisecond, "wan": 500 * time.Millisecond,
}

// direct: no member is reached only by way of another, or not at all. Each end may report that; the finding is
// about the first one.
func direct(e *exam) (wrong []Finding, well string) {
	found := map[[2]string]bool{}
	look := func(from *tamtamv1.Inspection, t *tamtamv1.LinkTrouble) {
		f, to := addr(from), t.GetAddress()
		if found[[2]string{to, f}] || found[[2]string{f, to}] {
			return
		}
		found[[2]string{f, to}] = true
		do := fmt.Sprintf("let UDP through in both directions between %s and %s", f, to)
		if t.GetUnreached() {
			wrong = append(wrong, about(from, Failure, do+", or between each of them and one more member",
				"it reaches %s in no way, directly or by another member, and others list that as live", to))
		} else {
			wrong = append(wrong, about(from, Warning, do, "it does not reach %s directly: %s relays its packets", to, t.GetVia()))
		}
	}
	for _, t := range e.self.GetReport().GetTroubles() { // not live to this node, so not among those below
		if t.GetUnreached() {
			look(e.self, t)
		}
	}
	reporters := append([]*tamtamv1.Inspection{e.self}, e.answered...)
	for _, unreached := range []bool{true, false} { // the worse first: each pair is told once
		e.troubles(reporters, func(from, _ *tamtamv1.Inspection, t *tamtamv1.LinkTrouble) {
			if t.GetUnreached() == unreached && (unreached || t.GetVia() != "") {
				look(from, t)
			}
		})
	}
	return wrong, "all members that answer reach each other directly"
}

// oneWay: each member that answers reaches every other one, in both directions. The members
// themselves report whom they take for dead, and who does not acknowledge their frames.
func oneWay(e *exam) (wrong []Finding, well string) {
	unacked := silence(e.self.GetReport().GetProfile())
	found := map[[2]string]bool{} // by the blocked direction, from and to
	blocked := func(from, to, seen string) {
		if way := [2]string{from, to}; !found[way] {
			found[way], found[[2]string{to, from}] = true, true
			wrong = append(wrong, Finding{
				Verdict: Failure, Member: from,
				Found: fmt.Sprintf("its packets do not arrive at %s, whose packets arrive: %s", to, seen),
				Do: fmt.Sprintf("let UDP through from %s to %s: a firewall, a route or NAT lets it through only in "+
					"the other direction", from, to),
			})
		}
	}
	reporters := append([]*tamtamv1.Inspection{e.self}, e.answered...)
	e.troubles(reporters, func(from, to *tamtamv1.Inspection, t *tamtamv1.LinkTrouble) {
		if u := t.GetUnacknowledged().AsDuration(); u >= unacked && t.GetHeard() != nil && t.GetHeard().AsDuration() < u {
			blocked(addr(from), addr(to), fmt.Sprintf("%s got no acknowledgement for %s", addr(from), short(u)))
		}
	})
	e.troubles(reporters, func(from, to *tamtamv1.Inspection, t *tamtamv1.LinkTrouble) {
		pair := [2]string{addr(from), addr(to)}
		if found[pair] || t.GetUnreached() || to != e.self && to.GetReport() == nil { // direct reports it; without an answer, reachable
			return
		}
		found[pair] = true
		u := t.GetUnacknowledged().AsDuration()
		switch s := t.GetStatus(); {
		case s == tamtamv1.MemberStatus_MEMBER_STATUS_DEAD && from != e.self: // to self, it died after its answer
			wrong = append(wrong, about(from, Failure,
				fmt.Sprintf("run this again; if it persists, let UDP through between %s and %s", addr(from), addr(to)),
				"it lists %s as DEAD, which answers here", addr(to)))
		case u >= unacked:
			found[[2]string{addr(to), addr(from)}] = true
			wrong = append(wrong, about(from, Failure,
				fmt.Sprintf("let UDP through in both directions between %s and %s", addr(from), addr(to)),
				"no packets pass between it and %s, which answers here: no acknowledgement for %s", addr(to), short(u)))
		case s == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED && from != e.self:
			wrong = append(wrong, about(from, Warning, "run this again; tamtamctl why "+addr(to),
				"it suspects %s, which answers here", addr(to)))
		default:
			delete(found, pair)
		}
	})
	more := uint32(0)
	for _, m := range reporters {
		more += m.GetReport().GetMoreTroubles()
	}
	if more > 0 && len(wrong) > 0 {
		wrong = append(wrong, Finding{
			Verdict: Warning,
			Found:   fmt.Sprintf("members have %d more troubles, which did not fit in their reports", more),
			Do:      "run this on other members as well",
		})
	}
	return wrong, "each member that answers reaches the others that answer"
}

// troubles calls do for each trouble that the reporters have with members that are live to
// this node.
func (e *exam) troubles(
	reporters []*tamtamv1.Inspection, do func(from, to *tamtamv1.Inspection, t *tamtamv1.LinkTrouble),
) {
	for _, from := range reporters {
		for _, t := range from.GetReport().GetTroubles() {
			if to := e.members[t.GetAddress()]; to != nil && to != from && live(to) {
				do(from, to, t)
			}
		}
	}
}

// address: the packets of each member come from the address that it advertises, and the
// others know this node by its own.
func address(e *exam) (wrong []Finding, well string) {
	const nat = "nothing, if there is NAT, a container or a relay between them on purpose: only the advertised " +
		"address counts, and answers arrive there; else see --advertise and --bind"
	wrong = conflicts(e)
	seen := map[string]int{}
	for _, m := range e.answered {
		r := m.GetReport()
		if s := m.GetLink().GetSource(); s != "" && s != addr(m) {
			wrong = append(wrong, about(m, Warning, nat, "its packets come from %s, not from the address it advertises", s))
		}
		if s := r.GetLink().GetSource(); s != "" && s != e.addr() {
			seen[s]++
		}
		if a := r.GetKnownAddress(); a != "" && a != e.addr() {
			wrong = append(wrong, about(m, Failure, "give the address at which others reach this node with --advertise",
				"it knows this node as %s, which advertises %s", a, e.addr()))
		}
		if s := r.GetKnownSession(); s != 0 && s != e.self.GetMember().GetSession() {
			wrong = append(wrong, about(m, Failure,
				fmt.Sprintf("run this again; if it persists, check whether another node advertises %s as well", e.addr()),
				"it knows another session of this node: this node was restarted, or another one has its address"))
		}
	}
	for _, s := range sorted(seen) {
		wrong = append(wrong, about(e.self, Warning, nat,
			"packets of this node come from %s for %d of %d members, not from %s, which it advertises",
			s, seen[s], len(e.answered), e.addr()))
	}
	return wrong, fmt.Sprintf("packets come from the addresses that members advertise; this node is %s to all", e.addr())
}

// conflicts are the addresses that two nodes advertise, each once.
func conflicts(e *exam) (wrong []Finding) {
	const do = "give each node an address of its own with --advertise; the first node keeps this address, and the second is not a member until then"
	told := map[string]bool{}
	for _, m := range append([]*tamtamv1.Inspection{e.self}, e.answered...) {
		for _, k := range m.GetReport().GetConflicts() {
			if told[k.GetAddress()] {
				continue
			}
			told[k.GetAddress()] = true
			found := fmt.Sprintf("two nodes advertise %s: from %s and from %s", k.GetAddress(), k.GetFirst(), k.GetSecond())
			if k.GetFirst() == "" {
				found = fmt.Sprintf("another node answers at %s, which it advertises", k.GetAddress())
			}
			wrong = append(wrong, Finding{Verdict: Failure, Member: k.GetAddress(), Found: found, Do: do})
		}
	}
	return wrong
}

// loss: few transmissions are lost, as each end measures it.
func loss(e *exam) (wrong []Finding, well string) {
	most, frames, unknown := 0.0, uint64(0), 0
	for _, m := range e.answered {
		ours, theirs := m.GetLink(), m.GetReport().GetLink()
		frames += ours.GetLossFrames() + theirs.GetLossFrames()
		for _, l := range []*tamtamv1.LinkState{ours, theirs} {
			if l == nil || l.Loss == nil {
				unknown++
			}
		}
		to, from := 100*ours.GetLoss(), 100*theirs.GetLoss()
		most = max(most, to, from)
		v := Warning
		switch worst := max(to, from); {
		case worst > lossFailure:
			v = Failure
		case worst <= lossWarning:
			continue
		}
		wrong = append(wrong, says(m, v, sentence.Loss(percentOf(ours), percentOf(theirs))))
	}
	switch {
	case len(wrong) > 0 || len(e.answered) == 0:
	case unknown == 2*len(e.answered):
		return []Finding{skipped("not checked: too few frames, fewer than %d in each direction in the last minutes", lossFrames)}, ""
	case unknown > 0:
		return []Finding{skipped("at most %.1f %% of %d frames are lost; too few frames in %d of %d directions", most, frames, unknown, 2*len(e.answered))}, ""
	}
	return wrong, fmt.Sprintf("at most %.1f %% of %d frames are lost", most, frames)
}

// percentOf returns the loss of one direction in words.
func percentOf(l *tamtamv1.LinkState) string {
	if l == nil || l.Loss == nil {
		return "an unknown share"
	}
	return fmt.Sprintf("%.0f %% of %d", 100*l.GetLoss(), l.GetLossFrames())
}

// roundTrip: round trips are as short as the profile assumes.
func roundTrip(e *exam) (wrong []Finding, well string) {
	profile := e.self.GetReport().GetProfile()
	limit, known := slow[profile]
	var most time.Duration
	measured := 0
	for _, m := range e.answered {
		if m.GetLink().GetRoundTrip() == nil {
			continue
		}
		measured++
		trip := m.GetLink().GetRoundTrip().AsDuration()
		most = max(most, trip)
		if known && trip > limit {
			do := "start all daemons with --profile wan"
			if profile == "wan" {
				do = "look for a slow link or an overloaded machine between them; --heartbeat and --min-ping may need to be longer"
			}
			wrong = append(wrong, about(m, Warning, do,
				"the round trip to it is %s, over the %s that the profile %s is for", short(trip), limit, profile))
		}
	}
	switch {
	case len(wrong) > 0 || len(e.answered) == 0:
	case !known:
		return []Finding{skipped("not checked: no limit is known for the profile %s", profile)}, ""
	case measured < len(e.answered):
		return []Finding{skipped("%d of %d round trips are known, the longest is %s", measured, len(e.answered), short(most))}, ""
	}
	return wrong, fmt.Sprintf("the longest round trip is %s", short(most))
}
