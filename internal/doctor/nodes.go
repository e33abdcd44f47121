// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Thresholds for the error of a clock, beyond the uncertainty of the measurement.
const (
	clockWarning = time.Second
	clockFailure = 5 * time.Second
)

// descriptorsFull is the share of the file descriptors in use from which the next ones may be
// missing at any time: each ping takes one, and clients come and go.
const descriptorsFull = 0.9

// clock: all clocks agree. If three or more are known, each is compared with the median, so
// that the finding names the wrong one.
func clock(e *exam) (wrong []Finding, well string) {
	type reading struct {
		of               *tamtamv1.Inspection
		ahead, uncertain time.Duration
	}
	all := []*reading{{of: e.self}}
	for _, m := range e.answered {
		if m.GetClockOffset() != nil {
			all = append(all, &reading{m, m.GetClockOffset().AsDuration(), m.GetRoundTrip().AsDuration() / 2})
		}
	}
	if missing := len(e.answered) + 1 - len(all); missing > 0 {
		return []Finding{skipped("not checked: %d of %d members that answer send no time", missing, len(e.answered))}, ""
	}
	middle := &reading{}
	if len(all) >= 3 {
		byTime := slices.Clone(all)
		slices.SortFunc(byTime, func(a, b *reading) int { return cmp.Compare(a.ahead, b.ahead) })
		middle = byTime[len(byTime)/2]
	}
	var most time.Duration
	for _, r := range all {
		off := r.ahead - middle.ahead
		uncertain := r.uncertain + middle.uncertain
		if r.of == middle.of {
			uncertain = 0
		}
		most = max(most, off.Abs())
		v := Warning
		switch sure := off.Abs() - uncertain; {
		case sure > clockFailure:
			v = Failure
		case sure <= clockWarning:
			continue
		}
		than, way := "this node's", "ahead of"
		if len(all) >= 3 {
			than = "that of most"
		}
		if off < 0 {
			way = "behind"
		}
		wrong = append(wrong, about(r.of, v,
			"set its clock, and use NTP: the times of its messages and logs are off by as much",
			"its clock is %s %s %s (±%s)", short(off.Abs()), way, than, short(uncertain)))
	}
	return wrong, fmt.Sprintf("clocks differ by at most %s", short(most))
}

// version: all members run the same version.
func version(e *exam) (wrong []Finding, well string) {
	own := e.self.GetReport()
	const do = "upgrade all members to the same version; different versions work together meanwhile"
	for _, m := range e.others {
		if m.GetError() != "" && m.GetAnswered() {
			wrong = append(wrong, about(m, Warning, do, "it sends no report: %s", m.GetError()))
		}
	}
	for _, m := range e.answered {
		r := m.GetReport()
		if r.GetVersion() != own.GetVersion() || r.GetSmudgeVersion() != own.GetSmudgeVersion() {
			wrong = append(wrong, about(m, Warning, do, "it runs %s with Smudge %s, this node %s with Smudge %s",
				r.GetVersion(), r.GetSmudgeVersion(), own.GetVersion(), own.GetSmudgeVersion()))
		}
	}
	if e.client != "" && e.client != own.GetVersion() {
		wrong = append(wrong, about(e.self, Warning, "install the tamtamctl of the daemon's version",
			"tamtamctl is %s, the daemon %s", e.client, own.GetVersion()))
	}
	return wrong, fmt.Sprintf("all members that answer run %s with Smudge %s", own.GetVersion(), own.GetSmudgeVersion())
}

// limits: all members accept the same messages and have the same timing.
func limits(e *exam) (wrong []Finding, well string) {
	own := e.self.GetReport()
	for _, m := range e.answered {
		r := m.GetReport()
		if a, b := r.GetMaxPayloadBytes(), own.GetMaxPayloadBytes(); a != b {
			wrong = append(wrong, about(m, Warning, "start all daemons with the same --max",
				"it accepts broadcasts of up to %d bytes, this node of up to %d: payloads over %d bytes are rejected",
				a, b, min(a, b)))
		}
		if a, b := r.GetProfile(), own.GetProfile(); a != b {
			wrong = append(wrong, about(m, Warning, "start all daemons with the same --profile",
				"its profile is %s, this node's %s", a, b))
		}
		if a, b := r.GetHeartbeat().AsDuration(), own.GetHeartbeat().AsDuration(); a != b {
			wrong = append(wrong, about(m, Warning,
				"tamtamctl configure heartbeat sets it until the daemon ends; --heartbeat sets it for good",
				"its heartbeat is %s, this node's %s: it detects dead members sooner or later than others", a, b))
		}
	}
	return wrong, fmt.Sprintf("all members that answer accept %d bytes, and have the profile %s and a heartbeat of %s",
		own.GetMaxPayloadBytes(), own.GetProfile(), own.GetHeartbeat().AsDuration())
}

// topicsFull is the share of the retained topics, or of their bytes, from which the next one may be refused.
const topicsFull = 0.9

// topics: there is room for more retained topics. All nodes keep the same; an earlier version keeps none.
func topics(e *exam) (wrong []Finding, well string) {
	r := e.retained
	found := fmt.Sprintf("%d of %d retained topics are in use, with %d of %d bytes", r.GetTopics(), r.GetMaxTopics(), r.GetBytes(), r.GetMaxBytes())
	if r.GetTopics() > 0 && (float64(r.GetTopics()) >= topicsFull*float64(r.GetMaxTopics()) || float64(r.GetBytes()) >= topicsFull*float64(r.GetMaxBytes())) {
		wrong = append(wrong, about(e.self, Warning, "delete those that are not needed: tamtamctl topics lists them", "%s: more will be refused", found))
	}
	if r.GetTopics() == 0 {
		found = "there are no retained topics"
	}
	return wrong, found
}

// descriptors: each member can open all sockets that it needs, and its clients, too.
func descriptors(e *exam) (wrong []Finding, well string) {
	most, of := 0.0, e.self
	var all, unknown []*tamtamv1.Inspection
	for _, m := range append([]*tamtamv1.Inspection{e.self}, e.others...) {
		if m != e.self && (!live(m) || m.GetMember().GetPlain()) {
			continue
		}
		all = append(all, m)
		r := m.GetReport()
		limit, open, wanted := r.GetDescriptorLimit(), r.GetDescriptorsOpen(), r.GetDescriptorsWanted()
		if limit == 0 { // of an earlier version, or it did not answer
			unknown = append(unknown, m)
			continue
		}
		if used := float64(open) / float64(limit); used > most {
			most, of = used, m
		}
		do := fmt.Sprintf("raise LimitNOFILE= of its unit, or ulimit -n, to %d or more, and restart it", wanted)
		switch {
		case float64(open) >= descriptorsFull*float64(limit):
			wrong = append(wrong, about(m, Failure, do,
				"%d of its %d file descriptors are in use: without one for a ping it suspects members that are well, and clients are refused", open, limit))
		case limit < wanted:
			wrong = append(wrong, about(m, Warning, do,
				"it may open only %d file descriptors, so clients may have fewer connections; it has %d open", limit, open))
		}
	}
	if len(wrong) == 0 && len(unknown) > 0 {
		why := e.unchecked(allAnswer)
		if why == "" || unknown[0] == e.self { // earlier versions, which do not report it
			why = fmt.Sprintf("nothing found at %d of %d members; not checked at %s: not reported", len(all)-len(unknown), len(all), names(unknown))
		}
		return []Finding{skipped("%s", why)}, ""
	}
	well = "no member is short of file descriptors"
	if most > 0 {
		well += fmt.Sprintf(": at most %.0f %% are in use, by %s", most*100, addr(of))
	}
	return wrong, well
}

// keys: each member with keys can decrypt the packets of each other one. A node with only other keys is
// not a member, or is dead to the others: only its packets are seen, and cannot be decrypted.
func keys(e *exam) (wrong []Finding, well string) {
	own := e.self.GetReport()
	all := append([]*tamtamv1.Inspection{e.self}, e.answered...)
	all = slices.DeleteFunc(all, func(m *tamtamv1.Inspection) bool { return len(m.GetReport().GetKeys()) == 0 })
	differ := false
	user := map[string]string{} // by key in use, one member that encrypts with it
	for _, m := range all {
		if k := m.GetReport().GetKeys(); user[k[0]] == "" {
			user[k[0]] = addr(m)
		}
		differ = differ || !slices.Equal(ordered(m), ordered(all[0]))
	}
	for _, m := range all {
		for _, k := range sorted(user) {
			if !slices.Contains(m.GetReport().GetKeys(), k) {
				wrong = append(wrong, about(m, Failure,
					"tamtamctl keys list; install the missing key: tamtamctl keys install FILE",
					"it lacks the key %s, with which %s encrypts: it cannot decrypt that member's packets", k, user[k]))
			}
		}
	}
	if differ && len(wrong) == 0 {
		wrong = append(wrong, Finding{
			Verdict: Warning, Found: "the members do not have the same keys, but all can decrypt each other's packets",
			Do: "tamtamctl keys list shows the keys of each; complete the rotation: tamtamctl keys install, use and remove",
		})
	}
	for _, s := range e.strange {
		v, who := Warning, ""
		for _, m := range e.others {
			if a, err := netip.ParseAddrPort(addr(m)); err == nil && a.Addr().String() == s.GetIp() && !live(m) {
				v, who = Failure, fmt.Sprintf(": perhaps those of %s, which is %s",
					addr(m), strings.TrimPrefix(m.GetMember().GetStatus().String(), "MEMBER_STATUS_"))
				break
			}
		}
		found := "packets from %s cannot be decrypted with the keys of this node%s"
		do := "compare tamtamctl keys list on both nodes; give the other node the keyring of this cluster or, if it is of " +
			"another cluster, block its packets"
		if len(own.GetKeys()) == 0 {
			found = "encrypted packets come from %s, and this node has no keyring%s"
			do = "give this node the keyring of the cluster: --keyring-file"
		}
		wrong = append(wrong, Finding{Verdict: v, Found: fmt.Sprintf(found, s.GetIp(), who), Do: do})
	}
	if len(own.GetKeys()) == 0 && len(wrong) == 0 {
		return []Finding{skipped("not checked: this node has no keyring, so its gossip is not encrypted")}, ""
	}
	return wrong, fmt.Sprintf("all members with a keyring have the same keys: %d", len(own.GetKeys()))
}

// ordered returns the keys of a member in an order that can be compared: only the place of the
// first, which encrypts, matters.
func ordered(m *tamtamv1.Inspection) []string {
	k := slices.Clone(m.GetReport().GetKeys())
	if len(k) > 1 {
		slices.Sort(k[1:])
	}
	return k
}

// short rounds a duration for people: to 1 µs under 1 ms, to 10 µs under 1 s, else to 10 ms.
func short(d time.Duration) string {
	switch {
	case d.Abs() >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d.Abs() >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
