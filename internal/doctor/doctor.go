// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package doctor judges an inspection of the cluster: what is wrong, how bad it is, and what
// to do about it. It makes no calls; the inspection comes from the daemon.
package doctor

import (
	"fmt"

	"github.com/eelcocramer/tamtam/internal/doctor/sentence"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Verdict is the severity of a finding.
type Verdict string

// The verdicts. A warning is about something that works, but should not stay as it is. A
// failure is about something that does not work. Skipped is what could not be checked, or not
// at all members: it may be ok, and may not.
const (
	OK      Verdict = "ok"
	Skipped Verdict = "skipped"
	Warning Verdict = "warning"
	Failure Verdict = "failure"
)

// Finding is a result of one check, about one member or, without Member, about the cluster.
type Finding struct {
	Check   string
	Verdict Verdict
	// Member is the gossip address of the member.
	Member string
	// Name is the member's name.
	Name string
	// Found is a sentence. Do is another one, the remedy; empty if nothing is wrong, or
	// nothing was checked.
	Found string
	Do    string
}

// Summary counts findings.
type Summary struct {
	OK       int
	Skipped  int
	Warnings int
	Failures int
}

// Summarize counts findings.
func Summarize(findings []Finding) (s Summary) {
	for _, f := range findings {
		switch f.Verdict {
		case OK:
			s.OK++
		case Skipped:
			s.Skipped++
		case Warning:
			s.Warnings++
		case Failure:
			s.Failures++
		}
	}
	return s
}

// Daemon is the name of the first check. The others need a daemon that answers.
const Daemon = "daemon"

// check examines one aspect. It returns what is wrong or was not checked, and a sentence for the
// case that there is no such thing.
type check struct {
	name  string
	look  func(*exam) (wrong []Finding, well string)
	needs needs
}

// needs is what a check needs to be able to find anything.
type needs int

const (
	nothing   needs = iota // but this node
	anOther                // another member, in any state
	allAnswer              // the reports of all live members
)

// checks are in the order of the report: causes come before their effects.
var checks = []check{
	{Daemon, daemon, nothing},
	{"removed", removed, nothing},
	{"reachable", reachable, anOther},
	{"direct", direct, allAnswer},
	{"one-way", oneWay, allAnswer},
	{"address", address, allAnswer},
	{"keys", keys, allAnswer},
	{"encryption", encryption, allAnswer},
	{"clock", clock, allAnswer},
	{"loss", loss, allAnswer},
	{"round-trip", roundTrip, allAnswer},
	{"version", version, allAnswer},
	{"limits", limits, allAnswer},
	{"topics", topics, nothing},
	{"descriptors", descriptors, nothing},
	{"names", distinct, anOther},
	{"flapping", flapping, anOther},
	{"views", views, allAnswer},
	{"plain", plain, anOther},
}

// Checks returns the names of the checks, in the order of what Examine returns.
func Checks() []string {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.name
	}
	return names
}

// exam is the input of the checks.
type exam struct {
	self     *tamtamv1.Inspection   // the node that inspected
	others   []*tamtamv1.Inspection // all other members, ordered by address
	answered []*tamtamv1.Inspection // those of others with a report
	members  map[string]*tamtamv1.Inspection
	strange  []*tamtamv1.UnreadableSource
	plains   []*tamtamv1.UnreadableSource // plain Smudge nodes that are refused
	removal  *tamtamv1.Removal            // of the node that inspected
	retained *tamtamv1.RetainedUse        // at all nodes
	client   string                       // version of tamtamctl
	unready  bool                         // the node that inspected is not ready
}

// Examine judges an inspection. It returns at least one finding for each check. client is the
// version of tamtamctl. unready says that the node that inspected is not ready.
func Examine(r *tamtamv1.InspectResponse, client string, unready bool) []Finding {
	e := &exam{
		self: &tamtamv1.Inspection{}, members: map[string]*tamtamv1.Inspection{},
		strange: r.GetUnreadable(), plains: r.GetRefusedPlain(), removal: r.GetRemoval(), retained: r.GetRetained(), client: client,
		unready: unready,
	}
	for _, m := range r.GetMembers() {
		e.members[m.GetMember().GetAddress()] = m
		switch {
		case m.GetMember().GetLocal():
			e.self = m
		case m.GetReport() != nil:
			e.answered = append(e.answered, m)
			fallthrough
		default:
			e.others = append(e.others, m)
		}
	}
	var all []Finding
	for _, c := range checks {
		wrong, well := c.look(e)
		if unchecked := e.unchecked(c.needs); len(wrong) == 0 && unchecked != "" {
			wrong = []Finding{skipped("%s", unchecked)}
		} else if len(wrong) == 0 {
			all = append(all, Finding{Check: c.name, Verdict: OK, Found: well})
		}
		for _, f := range wrong {
			f.Check = c.name
			f.Name = e.members[f.Member].GetMember().GetName()
			all = append(all, f)
		}
	}
	return all
}

// unchecked returns why a check without a finding is not ok; it is empty if it is.
func (e *exam) unchecked(n needs) string {
	var silent []*tamtamv1.Inspection
	all := 0
	for _, m := range e.others {
		if live(m) {
			if all++; m.GetReport() == nil {
				silent = append(silent, m)
			}
		}
	}
	switch {
	case n == nothing:
		return ""
	case len(e.others) == 0:
		return "not checked: this node knows no other member"
	case n == anOther:
		return ""
	case all == 0:
		return "not checked: no other member is live"
	case len(silent) == all:
		return "not checked: no other member sends a report"
	case len(silent) > 0:
		return fmt.Sprintf("nothing found at %d of %d other members; not checked at %s: no report", all-len(silent), all, names(silent))
	}
	return ""
}

// skipped returns a finding about what could not be checked.
func skipped(format string, args ...any) Finding {
	return Finding{Verdict: Skipped, Found: fmt.Sprintf(format, args...)}
}

// NoDaemon returns the findings for the case that no daemon answers.
func NoDaemon(address, why string) []Finding {
	s := sentence.NoDaemon(address, why, "its gRPC address with --rpc")
	return []Finding{{Check: Daemon, Verdict: Failure, Found: s.Found, Do: s.Do}}
}

func daemon(e *exam) (wrong []Finding, well string) {
	r := e.self.GetReport()
	return nil, fmt.Sprintf("tamtamd %s at %s answers: %d alive, %d suspected, %d dead, %d left",
		r.GetVersion(), e.addr(), r.GetAlive(), r.GetSuspected(), r.GetDead(), r.GetLeft())
}

// removed: this node was not removed from its cluster. The daemon has the sentences, which are
// the same wherever a removal is shown.
func removed(e *exam) (wrong []Finding, well string) {
	if e.removal != nil {
		wrong = append(wrong, about(e.self, Failure, e.removal.GetRemedy(), "%s", e.removal.GetFound()))
	}
	return wrong, "this node was not removed from its cluster"
}

// addr returns the address of the node that inspected.
func (e *exam) addr() string { return addr(e.self) }

func addr(m *tamtamv1.Inspection) string { return m.GetMember().GetAddress() }

// live reports whether a member still counts as running.
func live(m *tamtamv1.Inspection) bool {
	s := m.GetMember().GetStatus()
	return s == tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE || s == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
}

// about returns a finding about a member.
func about(m *tamtamv1.Inspection, v Verdict, do, format string, args ...any) Finding {
	return Finding{Verdict: v, Member: addr(m), Found: fmt.Sprintf(format, args...), Do: do}
}

// says returns a finding about a member in words that others share.
func says(m *tamtamv1.Inspection, v Verdict, s sentence.Sentence) Finding {
	return Finding{Verdict: v, Member: addr(m), Found: s.Found, Do: s.Do}
}

// Wrong returns the failures, then the warnings, each in the order of the report.
func Wrong(findings []Finding) (wrong []Finding) {
	for _, v := range []Verdict{Failure, Warning} {
		for _, f := range findings {
			if f.Verdict == v {
				wrong = append(wrong, f)
			}
		}
	}
	return wrong
}

// Agreement returns how many members list the same live members as the node that inspected,
// which counts as one of them, and how many could be asked: those that are live, and that are
// not plain Smudge nodes. A member without an answer does not agree.
func Agreement(r *tamtamv1.InspectResponse) (agree, of int) {
	var own uint64
	for _, m := range r.GetMembers() {
		if m.GetMember().GetLocal() {
			own = m.GetReport().GetDigest()
		}
	}
	for _, m := range r.GetMembers() {
		if !live(m) || m.GetMember().GetPlain() {
			continue
		}
		of++
		if m.GetReport() != nil && m.GetReport().GetDigest() == own {
			agree++
		}
	}
	return agree, of
}
