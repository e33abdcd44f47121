// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"slices"
	"strings"
	"testing"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func TestAlone(t *testing.T) {
	findings := Examine(healthy(1), "v2", false)
	if s := Summarize(findings); s != (Summary{OK: 4, Skipped: len(Checks()) - 6, Warnings: 2}) {
		t.Errorf("%+v: %+v", s, findings)
	}
}

func share(f float64) *float64 { return &f }

// silent makes a member one that does not answer.
func silent(m *pb.Inspection) {
	m.Report, m.Answered, m.Error, m.RoundTrip, m.ClockOffset = nil, false, "it did not answer", nil, nil
}

// TestRemoved: a node that was removed knows why it is alone.
func TestRemoved(t *testing.T) {
	r := healthy(1)
	r.Removal = &pb.Removal{Found: "this node was removed", Remedy: "run tamtamctl join"}
	findings := Examine(r, "v1", false)
	if s := Summarize(findings); s.Failures != 1 || s.Warnings != 0 || findings[1].Check != "removed" || findings[1].Found != r.Removal.Found ||
		findings[1].Do != r.Removal.Remedy || findings[2].Check != "reachable" || findings[2].Verdict != Skipped {
		t.Errorf("%+v: %+v", s, findings)
	}
}

// TestNoSeed: a node that has joined none of its seeds is not well, although nothing else is wrong;
// one that is alone on purpose only gets a warning.
func TestNoSeed(t *testing.T) {
	for _, c := range []struct {
		name    string
		unready bool
		dead    bool // it knows a dead member
		want    string
	}{
		{"no seed", true, false, "failure: it is not ready: it has joined none of its seeds"},
		{"no seed, and a dead member", true, true, "failure: it is not ready: it has joined none of its seeds"},
		{"no seeds are configured", false, false, "warning: this node knows no other member"},
		{"a dead member", false, true, "failure: it is DEAD"},
	} {
		r := healthy(1)
		if c.dead {
			r = healthy(2)
			silent(r.Members[1])
			r.Members[1].Member.Status = dead
		}
		found := Wrong(Examine(r, "v1", c.unready))
		if len(found) == 0 || string(found[0].Verdict)+": "+found[0].Found != c.want || found[0].Check != "reachable" || found[0].Do == "" {
			t.Errorf("%s: %+v, want %s", c.name, found, c.want)
		}
	}
}

// TestSkipped: what was not checked at each member is not ok.
func TestSkipped(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func([]*pb.Inspection)
		checks string // those that are skipped
		found  string
	}{
		{"all answer", func([]*pb.Inspection) {}, "", ""},
		{"one is silent", func(m []*pb.Inspection) { silent(m[2]) }, "direct one-way address keys encryption clock loss round-trip version limits descriptors views",
			"nothing found at 2 of 3 other members; not checked at n3: no report"},
		{"all are silent", func(m []*pb.Inspection) {
			for _, one := range m[1:] {
				silent(one)
			}
		},
			"direct one-way address keys encryption clock loss round-trip version limits descriptors views", "not checked: no other member sends a report"},
		{"all are dead", func(m []*pb.Inspection) {
			for _, one := range m[1:] {
				silent(one)
				one.Member.Status = dead
			}
		}, "direct one-way address keys encryption clock loss round-trip version limits views", "not checked: no other member is live"},
		{"no keys", func(m []*pb.Inspection) {
			for _, one := range m {
				one.Report.Keys = nil
			}
		}, "keys", "no keyring"},
		{"no round trip to one", func(m []*pb.Inspection) { m[1].Link.RoundTrip = nil }, "round-trip", "2 of 3 round trips are known"},
		{"too few frames to one", func(m []*pb.Inspection) { m[1].Link.Loss, m[1].Link.LossFrames = nil, 49 }, "loss",
			"at most 0.0 % of 549 frames are lost; too few frames in 1 of 6 directions"},
		{"too few frames", func(m []*pb.Inspection) {
			for _, one := range m[1:] {
				one.Link.Loss, one.Report.Link.Loss = nil, nil
			}
		}, "loss", "not checked: too few frames"},
		{"no file descriptors of one", func(m []*pb.Inspection) { m[1].Report.DescriptorLimit = 0 }, "descriptors", "nothing found at 3 of 4 members; not checked at n2: not reported"},
		{"no clock of one", func(m []*pb.Inspection) { m[1].ClockOffset = nil }, "clock", "1 of 3 members"},
	} {
		r := healthy(4)
		c.change(r.Members)
		var checks []string
		for _, f := range Examine(r, "v1", false) {
			if f.Verdict == Skipped {
				checks = append(checks, f.Check)
				if !strings.Contains(f.Found, c.found) || f.Do != "" {
					t.Errorf("%s: %+v, want %q", c.name, f, c.found)
				}
			}
		}
		if have := strings.Join(checks, " "); have != c.checks {
			t.Errorf("%s: skipped %q, want %q", c.name, have, c.checks)
		}
	}
}

// TestEmpty: whatever a daemon answers, nothing panics.
func TestEmpty(t *testing.T) {
	for _, r := range []*pb.InspectResponse{nil, {}, {Members: []*pb.Inspection{nil, {}, {Report: &pb.InspectionReport{Troubles: []*pb.LinkTrouble{nil}}}}}} {
		if len(Examine(r, "", false)) < len(Checks()) {
			t.Error("checks are left out")
		}
	}
}

func TestNoDaemon(t *testing.T) {
	f := NoDaemon("localhost:1", "connection refused")
	if len(f) != 1 || f[0].Check != Daemon || f[0].Verdict != Failure || !strings.Contains(f[0].Found, "localhost:1") || !strings.Contains(f[0].Found, "refused") || f[0].Do == "" {
		t.Errorf("%+v", f)
	}
}

// TestNames: a finding about many names some of them, and counts the others.
func TestNames(t *testing.T) {
	r := healthy(9)
	r.Members[1].Member.Name = ""
	if have, want := names(r.Members[:3]), "n1, 192.0.2.2:9999, n3"; have != want {
		t.Errorf("%q, want %q", have, want)
	}
	if have, want := names(r.Members), "n1, 192.0.2.2:9999, n3, n4, n5 and 4 more"; have != want {
		t.Errorf("%q, want %q", have, want)
	}
}

// TestAgreement: who does not answer, and who lists others, does not agree; the dead and plain
// nodes are not asked.
func TestAgreement(t *testing.T) {
	r := healthy(6)
	if agree, of := Agreement(r); agree != 6 || of != 6 {
		t.Errorf("all well: %d of %d", agree, of)
	}
	r.Members[1].Report.Digest++
	r.Members[2].Report = nil
	r.Members[3].Member.Status = dead
	r.Members[4].Member.Plain = true
	if agree, of := Agreement(r); agree != 2 || of != 4 {
		t.Errorf("%d of %d, want 2 of 4", agree, of)
	}
}

// TestWrong: failures come first, and what is well does not come.
func TestWrong(t *testing.T) {
	var have []string
	for _, f := range Wrong([]Finding{{Check: "a", Verdict: Warning}, {Check: "b", Verdict: OK}, {Check: "c", Verdict: Failure}, {Check: "d", Verdict: Warning}}) {
		have = append(have, f.Check)
	}
	if !slices.Equal(have, []string{"c", "a", "d"}) {
		t.Errorf("%v", have)
	}
}
