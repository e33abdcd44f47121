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

// Thresholds of clocks: how far one may be off, beyond what the measurement leaves open.
const (
	clockWarning = time.Second
	clockFailure = 5 * time.Second
)

// clock: all clocks tell the same. Where three or more are known, each is compared with
// the one in the middle, so that the one that is wrong is named.
func clock(e *exam) (wrong []Finding, well string) {
	type reading struct {
		of               *tamtamv1.Inspection
		ahead, uncertain time.Duration
	}
	all := []reading{{of: e.self}}
	for _, m := range e.answered {
		if m.GetClockOffset() != nil {
			all = append(all, reading{m, m.GetClockOffset().AsDuration(), m.GetRoundTrip().AsDuration() / 2})
		}
	}
	var middle reading
	if len(all) >= 3 {
		byTime := slices.Clone(all)
		slices.SortFunc(byTime, func(a, b reading) int { return cmp.Compare(a.ahead, b.ahead) })
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
		wrong = append(wrong, about(r.of, v, "set its clock, and keep it with NTP: the times of messages and logs are off by that",
			"its clock is %s %s %s (±%s)", short(off.Abs()), way, than, short(uncertain)))
	}
	return wrong, fmt.Sprintf("clocks differ by %s at most", short(most))
}

// version: all run the same.
func version(e *exam) (wrong []Finding, well string) {
	own := e.self.GetReport()
	const do = "bring all to the same version: different ones work together while they are upgraded, one after the other"
	for _, m := range e.others {
		if m.GetError() != "" && m.GetAnswered() {
			wrong = append(wrong, about(m, Warning, do, "it does not tell how it fares: %s", m.GetError()))
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
	return wrong, fmt.Sprintf("all that answer run %s with Smudge %s", own.GetVersion(), own.GetSmudgeVersion())
}

// limits: all take the same messages, and are as patient.
func limits(e *exam) (wrong []Finding, well string) {
	own := e.self.GetReport()
	for _, m := range e.answered {
		r := m.GetReport()
		if a, b := r.GetMaxPayloadBytes(), own.GetMaxPayloadBytes(); a != b {
			wrong = append(wrong, about(m, Warning, "start all daemons with the same --max",
				"it takes broadcasts of up to %d bytes, this node of up to %d: no longer ones than %d can be sent", a, b, min(a, b)))
		}
		if a, b := r.GetProfile(), own.GetProfile(); a != b {
			wrong = append(wrong, about(m, Warning, "start all daemons with the same --profile", "its profile is %s, this node's %s", a, b))
		}
		if a, b := r.GetHeartbeat().AsDuration(), own.GetHeartbeat().AsDuration(); a != b {
			wrong = append(wrong, about(m, Warning, "tamtamctl configure heartbeat sets it, until the daemon ends; --heartbeat does for good",
				"its heartbeat is %s, this node's %s: it finds the dead sooner or later than others", a, b))
		}
	}
	return wrong, fmt.Sprintf("all that answer take %d bytes, and have the profile %s and a heartbeat of %s",
		own.GetMaxPayloadBytes(), own.GetProfile(), own.GetHeartbeat().AsDuration())
}

// keys: each can read what each sends. A node with other keys altogether is no member, or
// a dead one: all that is seen of it are packets that no key opens.
func keys(e *exam) (wrong []Finding, well string) {
	own := e.self.GetReport()
	all := append([]*tamtamv1.Inspection{e.self}, e.answered...)
	differ := false
	sealer := map[string]string{} // one for each key that anybody seals with
	for _, m := range all {
		if k := m.GetReport().GetKeys(); len(k) > 0 && sealer[k[0]] == "" {
			sealer[k[0]] = addr(m)
		}
		differ = differ || !slices.Equal(ordered(m), ordered(e.self))
	}
	for _, m := range all {
		for _, k := range sorted(sealer) {
			if !slices.Contains(m.GetReport().GetKeys(), k) {
				wrong = append(wrong, about(m, Failure, "tamtamctl keys list; install the key that is missing: tamtamctl keys install FILE",
					"it lacks the key %s, which %s seals with: it cannot read what that sends", k, sealer[k]))
			}
		}
	}
	if differ && len(wrong) == 0 {
		wrong = append(wrong, Finding{Verdict: Warning, Found: "the members have not the same keys, but each reads what each sends",
			Do: "tamtamctl keys list tells who has which; bring the change of keys to its end: tamtamctl keys install, use and remove"})
	}
	for _, s := range e.strange {
		v, who := Warning, ""
		for _, m := range e.others {
			if a, err := netip.ParseAddrPort(addr(m)); err == nil && a.Addr().String() == s.GetIp() && !live(m) {
				v, who = Failure, fmt.Sprintf(": perhaps those of %s, which is %s", addr(m), strings.TrimPrefix(m.GetMember().GetStatus().String(), "MEMBER_STATUS_"))
				break
			}
		}
		found, do := "packets come from %s that no key of this node opens%s", "compare tamtamctl keys list here and there; give the node the keyring of this cluster, or, if it is of another, keep its packets away"
		if !own.GetSealed() {
			found, do = "sealed packets come from %s, and this node has no keyring%s", "give this node the keyring of the cluster: --keyring-file"
		}
		wrong = append(wrong, Finding{Verdict: v, Found: fmt.Sprintf(found, s.GetIp(), who), Do: do})
	}
	if !own.GetSealed() {
		return wrong, "no keyring: gossip is not sealed"
	}
	return wrong, fmt.Sprintf("all that answer have the same keys: %d", len(own.GetKeys()))
}

// ordered are the keys of a member, of which only the first has a place that matters.
func ordered(m *tamtamv1.Inspection) []string {
	k := slices.Clone(m.GetReport().GetKeys())
	if len(k) > 1 {
		slices.Sort(k[1:])
	}
	return k
}

// short is a duration to what is of interest: microseconds under 1 ms, hundredths of a
// millisecond under 1 s, hundredths of a second over it.
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
