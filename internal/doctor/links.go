// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Thresholds of what is known of links.
const (
	// Loss is that of one way, in percent of what was sent, and judged when so many
	// frames were sent.
	lossWarning, lossFailure = 5, 30
	lossFrames               = 50
)

// silence is for how long nothing must have been acknowledged for a way to be taken for
// closed: long enough for a frame to be sent some dozen times, of which at 30 % loss all
// fail by chance once in some thousand.
func silence(profile string) time.Duration {
	if profile == "wan" {
		return 6 * time.Second
	}
	return 2 * time.Second
}

// slow is the round trip that each profile is not made for.
var slow = map[string]time.Duration{
	"local": 50 * time.Millisecond, "lan": 100 * time.Millisecond, "wan": 500 * time.Millisecond,
}

// oneWay: whoever reaches one reaches all, and is reached by all. Who holds whom for
// dead, and whose frames are not acknowledged, is told by each for itself.
func oneWay(e *exam) (wrong []Finding, well string) {
	unacked := silence(e.self.GetReport().GetProfile())
	told := map[[2]string]bool{} // by the way that is closed
	closed := func(from, to, seen string) {
		if way := [2]string{from, to}; !told[way] {
			told[way], told[[2]string{to, from}] = true, true
			wrong = append(wrong, Finding{
				Verdict: Failure, Member: from,
				Found: fmt.Sprintf("its packets do not arrive at %s, whose packets arrive: %s", to, seen),
				Do:    fmt.Sprintf("let UDP through from %s to %s: a firewall, a route or NAT lets it through the other way only", from, to),
			})
		}
	}
	reporters := append([]*tamtamv1.Inspection{e.self}, e.answered...)
	e.troubles(reporters, func(from, to *tamtamv1.Inspection, t *tamtamv1.LinkTrouble) {
		if u := t.GetUnacknowledged().AsDuration(); u >= unacked && t.GetHeard() != nil && t.GetHeard().AsDuration() < u {
			closed(addr(from), addr(to), fmt.Sprintf("%s says that nothing was acknowledged for %s", addr(from), short(u)))
		}
	})
	e.troubles(reporters, func(from, to *tamtamv1.Inspection, t *tamtamv1.LinkTrouble) {
		pair := [2]string{addr(from), addr(to)}
		if told[pair] || to != e.self && to.GetReport() == nil { // it answers nobody: told by reachable
			return
		}
		told[pair] = true
		u := t.GetUnacknowledged().AsDuration()
		switch s := t.GetStatus(); {
		case s == tamtamv1.MemberStatus_MEMBER_STATUS_DEAD && from != e.self: // else it died after it answered
			wrong = append(wrong, about(from, Failure, fmt.Sprintf("run this again; if it stays so, let UDP through between %s and %s", addr(from), addr(to)),
				"it holds %s for DEAD, which answers here", addr(to)))
		case u >= unacked:
			told[[2]string{addr(to), addr(from)}] = true
			wrong = append(wrong, about(from, Failure, fmt.Sprintf("let UDP through both ways between %s and %s", addr(from), addr(to)),
				"nothing goes between it and %s, which answers here: nothing was acknowledged for %s", addr(to), short(u)))
		case s == tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED && from != e.self:
			wrong = append(wrong, about(from, Warning, "run this again; tamtamctl why "+addr(to),
				"it suspects %s, which answers here", addr(to)))
		default:
			delete(told, pair)
		}
	})
	more := uint32(0)
	for _, m := range reporters {
		more += m.GetReport().GetMoreTroubles()
	}
	if more > 0 && len(wrong) > 0 {
		wrong = append(wrong, Finding{Verdict: Warning, Found: fmt.Sprintf("members know of %d more troubles, for which there was no room", more),
			Do: "run this on other members, too"})
	}
	return wrong, "no member says that it does not reach another that answers"
}

// troubles calls do for what each reporter tells of members that this node holds for
// live.
func (e *exam) troubles(reporters []*tamtamv1.Inspection, do func(from, to *tamtamv1.Inspection, t *tamtamv1.LinkTrouble)) {
	for _, from := range reporters {
		for _, t := range from.GetReport().GetTroubles() {
			if to := e.members[t.GetAddress()]; to != nil && to != from && live(to) {
				do(from, to, t)
			}
		}
	}
}

// address: a member's packets come from where it says that it is, and others know this
// node by what it says.
func address(e *exam) (wrong []Finding, well string) {
	const nat = "nothing, if NAT, a container or a relay is meant to be between: the address it advertises is what counts, and answers get there; else see --advertise and --bind"
	seen := map[string]int{}
	for _, m := range e.answered {
		r := m.GetReport()
		if s := m.GetLink().GetSource(); s != "" && s != addr(m) {
			wrong = append(wrong, about(m, Warning, nat, "its packets come from %s, not from where it says that it is", s))
		}
		if s := r.GetLink().GetSource(); s != "" && s != e.addr() {
			seen[s]++
		}
		if a := r.GetKnownAddress(); a != "" && a != e.addr() {
			wrong = append(wrong, about(m, Failure, "give the address at which others reach this node with --advertise",
				"it knows this node as %s, which says that it is %s", a, e.addr()))
		}
		if s := r.GetKnownSession(); s != 0 && s != e.self.GetMember().GetSession() {
			wrong = append(wrong, about(m, Failure,
				fmt.Sprintf("run this again; if it stays so, look whether another node says that it is at %s, too", e.addr()),
				"it knows another life of this node: it, or another node, was there before or is there now"))
		}
	}
	for _, s := range sorted(seen) {
		wrong = append(wrong, about(e.self, Warning, nat,
			"packets of this node come from %s for %d of %d members, not from %s, where it says that it is", s, seen[s], len(e.answered), e.addr()))
	}
	return wrong, fmt.Sprintf("packets come from where their senders say that they are; this node is %s to all", e.addr())
}

// loss: little has to be sent again.
func loss(e *exam) (wrong []Finding, well string) {
	most, judged := 0.0, false
	for _, m := range e.answered {
		ours, theirs := m.GetLink(), m.GetReport().GetLink()
		to, from := lost(ours, theirs), lost(theirs, ours)
		most = max(most, to, from)
		judged = judged || ours.GetSent() >= lossFrames || theirs.GetSent() >= lossFrames
		v := Warning
		switch worst := max(to, from); {
		case worst > lossFailure:
			v = Failure
		case worst <= lossWarning:
			continue
		}
		wrong = append(wrong, about(m, v, "look for a bad cable, wireless link, full queue or overloaded machine on the way; what is lost is sent again, so that all works, only slower",
			"%.0f %% of what is sent to it is lost, %.0f %% of what it sends here, since the session began", to, from))
	}
	if !judged {
		return wrong, fmt.Sprintf("too little was sent to tell: less than %d frames to each", lossFrames)
	}
	return wrong, fmt.Sprintf("at most %.1f %% of what is sent is lost", most)
}

// lost is the share in percent of frames that are lost on the way, at the most. What was
// sent again though it had arrived is counted by the receiver; then the acknowledgement
// was lost, which is of the other way, or late.
func lost(sender, receiver *tamtamv1.LinkState) float64 {
	if sender.GetSent() < lossFrames {
		return 0
	}
	vain := min(receiver.GetDuplicates(), sender.GetResent())
	return 100 * float64(sender.GetResent()-vain) / float64(sender.GetSent()+sender.GetResent())
}

// roundTrip: members are as near as the profile supposes.
func roundTrip(e *exam) (wrong []Finding, well string) {
	profile := e.self.GetReport().GetProfile()
	limit, known := slow[profile]
	var most time.Duration
	for _, m := range e.answered {
		trip := m.GetLink().GetRoundTrip().AsDuration()
		most = max(most, trip)
		if known && trip > limit {
			do := "start the daemons with --profile wan, all of them"
			if profile == "wan" {
				do = "look for a slow link or an overloaded machine on the way; --heartbeat and --min-ping may have to be longer"
			}
			wrong = append(wrong, about(m, Warning, do, "the round trip to it is %s, over the %s that the profile %s is for", short(trip), limit, profile))
		}
	}
	return wrong, fmt.Sprintf("the longest round trip is %s", short(most))
}
