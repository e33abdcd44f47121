// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package doctor judges what an inspection of the cluster has found: what is wrong, how
// bad that is, and what to do about it. It asks nobody; the facts are the daemon's.
package doctor

import (
	"fmt"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Verdict says how bad a finding is.
type Verdict string

// The verdicts. A warning is about what works, and should not stay so; a failure about
// what does not work.
const (
	OK      Verdict = "ok"
	Warning Verdict = "warning"
	Failure Verdict = "failure"
)

// Finding is what one check found, about one member or, without one, about all.
type Finding struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	// Member is the gossip address of whom it is about.
	Member string `json:"member,omitempty"`
	// Name is the name that it gives itself.
	Name string `json:"name,omitempty"`
	// Found is a sentence, Do another one; there is nothing to do when all is well.
	Found string `json:"found"`
	Do    string `json:"do,omitempty"`
}

// Summary counts findings.
type Summary struct {
	OK       int `json:"ok"`
	Warnings int `json:"warnings"`
	Failures int `json:"failures"`
}

// Summarize counts findings.
func Summarize(findings []Finding) (s Summary) {
	for _, f := range findings {
		switch f.Verdict {
		case OK:
			s.OK++
		case Warning:
			s.Warnings++
		case Failure:
			s.Failures++
		}
	}
	return s
}

// Daemon is the check that is made before all others: there is no more to find when
// nobody answers.
const Daemon = "daemon"

// check looks at one thing. It returns what is wrong, or else what is well.
type check struct {
	name string
	look func(*exam) (wrong []Finding, well string)
}

// checks are in the order in which they are told: what explains what follows it first.
var checks = []check{
	{Daemon, daemon},
	{"reachable", reachable},
	{"one-way", oneWay},
	{"address", address},
	{"keys", keys},
	{"clock", clock},
	{"loss", loss},
	{"round-trip", roundTrip},
	{"version", version},
	{"limits", limits},
	{"flapping", flapping},
	{"views", views},
	{"plain", plain},
}

// Checks returns the names of the checks, in the order of what Examine returns.
func Checks() []string {
	names := make([]string, len(checks))
	for i, c := range checks {
		names[i] = c.name
	}
	return names
}

// exam is what the checks look at.
type exam struct {
	self     *tamtamv1.Inspection   // the node that inspected
	others   []*tamtamv1.Inspection // all other members, ordered by address
	answered []*tamtamv1.Inspection // those of them with a report
	members  map[string]*tamtamv1.Inspection
	strange  []*tamtamv1.UnreadableSource
	client   string // its version
}

// Examine judges an inspection. There is at least one finding for each check; the version
// is that of the client.
func Examine(r *tamtamv1.InspectResponse, client string) []Finding {
	e := &exam{
		self: &tamtamv1.Inspection{}, members: map[string]*tamtamv1.Inspection{},
		strange: r.GetUnreadable(), client: client,
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
		if len(wrong) == 0 {
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

// NoDaemon is all there is to find when no daemon answers, and why.
func NoDaemon(address, why string) []Finding {
	return []Finding{{
		Check: Daemon, Verdict: Failure,
		Found: fmt.Sprintf("no tamtamd answers at %s: %s", address, why),
		Do:    "start tamtamd, look into its log why it ended, or give the address of its gRPC with --rpc",
	}}
}

func daemon(e *exam) (wrong []Finding, well string) {
	r := e.self.GetReport()
	return nil, fmt.Sprintf("tamtamd %s at %s answers: %d alive, %d suspected, %d dead, %d left",
		r.GetVersion(), e.addr(), r.GetAlive(), r.GetSuspected(), r.GetDead(), r.GetLeft())
}

// addr is the address of the node that inspected.
func (e *exam) addr() string { return addr(e.self) }

func addr(m *tamtamv1.Inspection) string { return m.GetMember().GetAddress() }

// live tells whether a member is to be reckoned with.
func live(m *tamtamv1.Inspection) bool {
	s := m.GetMember().GetStatus()
	return s == tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE || s == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
}

// about are findings about a member.
func about(m *tamtamv1.Inspection, v Verdict, do, format string, args ...any) Finding {
	return Finding{Verdict: v, Member: addr(m), Found: fmt.Sprintf(format, args...), Do: do}
}
