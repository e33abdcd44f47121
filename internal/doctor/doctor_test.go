// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	alive     = pb.MemberStatus_MEMBER_STATUS_ALIVE
	suspected = pb.MemberStatus_MEMBER_STATUS_SUSPECTED
	dead      = pb.MemberStatus_MEMBER_STATUS_DEAD
	left      = pb.MemberStatus_MEMBER_STATUS_LEFT
)

func at(i int) string { return fmt.Sprintf("192.0.2.%d:9999", i) }

func d(v time.Duration) *durationpb.Duration { return durationpb.New(v) }

// healthy is a cluster of n in which all is well. The first member inspected it.
func healthy(n int) *pb.InspectResponse {
	link := func(to int) *pb.LinkState {
		return &pb.LinkState{Source: at(to), RoundTrip: d(300 * time.Microsecond), Sent: 1000, Resent: 3, Received: 2000, Heard: d(90 * time.Millisecond), Unacknowledged: d(0), Loss: new(float64), LossFrames: 100}
	}
	r := &pb.InspectResponse{}
	for i := 1; i <= n; i++ {
		m := &pb.Inspection{
			Member:   &pb.Member{Address: at(i), Status: alive, Local: i == 1, Session: uint64(i), Name: fmt.Sprint("n", i), Version: "v1"},
			Answered: i > 1,
			Report: &pb.InspectionReport{
				Version: "v1", SmudgeVersion: "v1.0.1", MaxPayloadBytes: 256, Profile: "lan", Heartbeat: d(500 * time.Millisecond),
				Sealed: true, Encryption: "require", Keys: []string{"k1", "k2"}, Alive: uint32(n), Digest: 42,
			},
		}
		if i > 1 {
			m.Link, m.Report.Link = link(i), link(1)
			m.RoundTrip, m.ClockOffset = d(time.Millisecond), d(time.Duration(i)*time.Millisecond)
			m.Report.KnownAddress, m.Report.KnownSession, m.Report.KnownStatus = at(1), 1, alive
		}
		r.Members = append(r.Members, m)
	}
	return r
}

func TestHealthy(t *testing.T) {
	findings := Examine(healthy(3), "v1")
	var names []string
	for _, f := range findings {
		names = append(names, f.Check)
		if f.Verdict != OK || f.Found == "" || f.Do != "" || f.Member != "" {
			t.Errorf("%+v", f)
		}
	}
	if !slices.Equal(names, Checks()) {
		t.Errorf("checks %v, want %v", names, Checks())
	}
	if s := Summarize(findings); s != (Summary{OK: len(Checks())}) {
		t.Errorf("summary %+v", s)
	}
}

func TestExamine(t *testing.T) {
	trouble := func(to int, s pb.MemberStatus, heard, unacked time.Duration) *pb.LinkTrouble {
		return &pb.LinkTrouble{Address: at(to), Status: s, Heard: d(heard), Unacknowledged: d(unacked)}
	}
	for _, c := range []struct {
		name   string
		change func(r *pb.InspectResponse, m []*pb.Inspection) // m[1] is the node itself
		want   []string                                        // check verdict member: part of found; all that are not ok
	}{
		{"a dead member", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			silent(m[3])
			m[3].Member.Status = dead
		}, []string{"reachable failure 3: it is DEAD"}},
		{"two nodes with one address", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			k := &pb.AddressConflict{Address: at(3), First: "10.0.0.3:1", Second: "10.0.0.9:1"}
			m[1].Report.Conflicts, m[2].Report.Conflicts = []*pb.AddressConflict{k}, []*pb.AddressConflict{k}
		}, []string{"address failure 3: two nodes advertise 192.0.2.3:9999: from 10.0.0.3:1 and from 10.0.0.9:1"}},
		{"this node is the second at its address", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[1].Report.Conflicts = []*pb.AddressConflict{{Address: at(1)}}
		}, []string{"address failure 1: another node answers at 192.0.2.1:9999"}},
		{"one that has left", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			silent(m[3])
			m[3].Member.Status = left
		}, nil},
		{"one that does not answer", func(_ *pb.InspectResponse, m []*pb.Inspection) { silent(m[3]) },
			[]string{"reachable failure 3: did not answer"}},
		{"a suspected one that answers", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Member.Status = suspected },
			[]string{"reachable warning 2: SUSPECTED"}},
		{"ours do not arrive", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			silent(m[3])
			m[1].Report.Troubles = []*pb.LinkTrouble{trouble(3, alive, time.Second/10, 4*time.Second)}
		}, []string{"reachable failure 3: did not answer", "one-way failure 1: do not arrive at 192.0.2.3:9999"}},
		{"silent for a moment only", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[1].Report.Troubles = []*pb.LinkTrouble{trouble(3, alive, time.Second/10, 1900*time.Millisecond)}
		}, nil},
		{"long, but not for the profile", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			for _, one := range m[1:] {
				one.Report.Profile = "wan"
			}
			m[1].Report.Troubles = []*pb.LinkTrouble{trouble(3, alive, time.Second/10, 5*time.Second)}
		}, nil},
		{"one way between others, told by both ends", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Troubles = []*pb.LinkTrouble{trouble(3, alive, 5*time.Second, 4*time.Second)}
			m[3].Report.Troubles = []*pb.LinkTrouble{trouble(2, alive, 0, 4*time.Second)}
		}, []string{"one-way failure 3: do not arrive at 192.0.2.2:9999"}},
		{"no way between others", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Troubles = []*pb.LinkTrouble{trouble(3, alive, 5*time.Second, 4*time.Second)}
			m[3].Report.Troubles = []*pb.LinkTrouble{trouble(2, alive, 5*time.Second, 4*time.Second)}
		}, []string{"one-way failure 2: no packets pass between it and 192.0.2.3:9999"}},
		{"two reach each other by a relay, reported by both ends", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[1].Report.Troubles = []*pb.LinkTrouble{{Address: at(3), Status: alive, Heard: d(0), Via: at(2)}}
			m[3].Report.Troubles = []*pb.LinkTrouble{{Address: at(1), Status: alive, Heard: d(0), Via: at(2)}}
		}, []string{"direct warning 1: it does not reach 192.0.2.3:9999 directly: 192.0.2.2:9999 relays its packets"}},
		{"one holds another for dead", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Troubles = []*pb.LinkTrouble{{Address: at(3), Status: dead}}
			m[2].Report.Digest, m[2].Report.Alive = 43, 2
		}, []string{"one-way failure 2: it lists 192.0.2.3:9999 as DEAD", "views warning 2: it lists 2 members as live, this node 4"}},
		{"one suspects this node", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Troubles = []*pb.LinkTrouble{{Address: at(1), Status: suspected}}
		}, []string{"one-way warning 2: it suspects 192.0.2.1:9999"}},
		{"troubles with those that answer nobody", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			silent(m[3])
			m[3].Member.Status = dead
			m[2].Report.Troubles = []*pb.LinkTrouble{{Address: at(3), Status: dead}, {Address: at(99), Status: dead}}
		}, []string{"reachable failure 3: DEAD"}},
		{"troubles without room", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Troubles = []*pb.LinkTrouble{{Address: at(3), Status: dead}}
			m[2].Report.MoreTroubles = 7
		}, []string{"one-way failure 2: DEAD", "one-way warning -: 7 more"}},
		{"NAT before another", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[3].Link.Source = "198.51.100.1:4000" },
			[]string{"address warning 3: come from 198.51.100.1:4000"}},
		{"NAT before this node", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[3].Report.Link.Source, m[2].Report.Link.Source = "198.51.100.1:4000", "198.51.100.1:4000"
		}, []string{"address warning 1: from 198.51.100.1:4000 for 2 of 3 members"}},
		{"two nodes of one address", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Report.KnownSession = 77 },
			[]string{"address failure 2: another session"}},
		{"known by another address", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Report.KnownAddress = at(9) },
			[]string{"address failure 2: as 192.0.2.9:9999"}},
		{"a clock that is ahead", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].ClockOffset = d(3 * time.Second) },
			[]string{"clock warning 2: 3s ahead of that of most"}},
		{"a clock that is far behind", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].ClockOffset = d(-time.Minute) },
			[]string{"clock failure 2: 1m0s behind that of most"}},
		{"this node's clock", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			for i := range 3 {
				m[i+2].ClockOffset = d(-8 * time.Second)
			}
		}, []string{"clock failure 1: 8s ahead"}},
		{"a clock that is not known well enough", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].ClockOffset, m[2].RoundTrip = d(1500*time.Millisecond), d(2*time.Second)
		}, nil},
		{"some loss", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Link.Loss = share(0.09) },
			[]string{"loss warning 2: 9 % of 100 frames to it are lost, 0 % of 100 frames from it"}},
		{"much loss, the other way", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Report.Link.Loss = share(0.38) },
			[]string{"loss failure 2: 0 % of 100 frames to it are lost, 38 % of 100"}},
		{"too little sent to tell", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Link.Loss = nil }, nil},
		{"far away", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Link.RoundTrip = d(170 * time.Millisecond) },
			[]string{"round-trip warning 2: 170ms, over the 100ms"}},
		{"another version", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Report.Version = "v2" },
			[]string{"version warning 2: it runs v2"}},
		{"a version that knows no inspection", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			silent(m[2])
			m[2].Answered, m[2].Error = true, "it refuses: unknown question"
		}, []string{"version warning 2: unknown question"}},
		{"another limit", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Report.MaxPayloadBytes = 1024 },
			[]string{"limits warning 2: payloads over 256 bytes"}},
		{"another profile and heartbeat", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Profile, m[2].Report.Heartbeat = "wan", d(time.Second)
		}, []string{"limits warning 2: profile is wan", "limits warning 2: heartbeat is 1s"}},
		{"a key more", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Report.Keys = []string{"k1", "k2", "k3"} },
			[]string{"keys warning -: not have the same keys"}},
		{"another order of those that open", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Keys, m[3].Report.Keys, m[1].Report.Keys, m[4].Report.Keys =
				[]string{"k1", "k2", "k3"}, []string{"k1", "k3", "k2"}, []string{"k1", "k3", "k2"}, []string{"k1", "k3", "k2"}
		}, nil},
		{"another that encrypts", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Report.Keys = []string{"k2", "k1"} },
			[]string{"keys warning -: not have the same keys"}},
		{"one that cannot read", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Keys = []string{"k3", "k1"}
			m[3].Report.Keys = []string{"k1", "k3"}
		}, []string{"keys failure 1: lacks the key k3, with which 192.0.2.2:9999 encrypts", "keys failure 4: lacks the key k3"}},
		{"packets that cannot be decrypted", func(r *pb.InspectResponse, _ []*pb.Inspection) {
			r.Unreadable = []*pb.UnreadableSource{{Ip: "198.51.100.1", Age: d(time.Second)}}
		}, []string{"keys warning -: from 198.51.100.1 cannot be decrypted"}},
		{"a plain Smudge node that is refused", func(r *pb.InspectResponse, _ []*pb.Inspection) {
			r.RefusedPlain = []*pb.UnreadableSource{{Ip: "198.51.100.1", Age: d(time.Second)}}
		}, []string{"plain warning -: from 198.51.100.1 are dropped: this node was started without --plain"}},
		{"a dead member that has other keys", func(r *pb.InspectResponse, m []*pb.Inspection) {
			silent(m[3])
			m[3].Member.Status = dead
			r.Unreadable = []*pb.UnreadableSource{{Ip: "192.0.2.3", Age: d(time.Second)}}
		}, []string{"reachable failure 3: DEAD", "keys failure -: perhaps those of 192.0.2.3:9999, which is DEAD"}},
		{"sealed packets for a node without keys", func(r *pb.InspectResponse, m []*pb.Inspection) {
			for _, one := range m[1:] {
				one.Report.Sealed, one.Report.Encryption, one.Report.Keys = false, "", nil
			}
			r.Unreadable = []*pb.UnreadableSource{{Ip: "198.51.100.1", Age: d(time.Second)}}
		}, []string{"keys warning -: encrypted packets come from 198.51.100.1"}},
		{"a cluster whose members begin to have keys", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			for i, one := range m[1:] {
				one.Report.Sealed, one.Report.Encryption = false, "accept"
				if i > 1 {
					one.Report.Encryption, one.Report.Keys = "", nil // they run an older version
				}
			}
		}, []string{"encryption warning -: 2 of 4 members cannot read what is encrypted: n3, n4"}},
		{"one that still sends in clear", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			for i, one := range m[1:] {
				one.Report.Encryption = []string{"send", "accept", "accept", "send"}[i]
			}
		}, []string{"encryption warning -: 2 of 4 members still send in clear: n2, n3"}},
		{"some that require encryption", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Encryption, m[3].Report.Encryption = "send", "send"
		}, []string{"encryption warning -: 2 of 4 members still accept unencrypted packets: n2, n3"}},
		{"one that was left behind", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[1].Report.Encryption, m[2].Report.Encryption, m[3].Report.Encryption = "send", "accept", "send"
		}, []string{"encryption failure 2: dropped by members that require encryption: n4", "encryption warning -: 1 of 4 members still send in clear: n2"}},
		{"one without keys, and others encrypt", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[1].Report.Encryption, m[2].Report.Encryption, m[2].Report.Keys, m[3].Report.Encryption, m[4].Report.Encryption = "accept", "off", nil, "send", "accept"
		}, []string{"encryption failure 2: it drops the packets of members that encrypt: n3", "encryption warning -: 1 of 4 members cannot read what is encrypted: n2"}},
		{"one with another key, before it encrypts", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			for _, one := range m[1:] {
				one.Report.Encryption = "accept"
			}
			m[2].Report.Keys = []string{"k3"}
		}, []string{"keys failure 1: lacks the key k3", "keys failure 2: lacks the key k1", "keys failure 3: lacks the key k3", "keys failure 4: lacks the key k3",
			"encryption warning -: 4 of 4 members still send in clear"}},
		{"two of one name", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Member.Name = "n3" },
			[]string{`names warning 3: the same name as 192.0.2.2:9999, "n3": live members at 2 IP addresses have it`}},
		{"this node's name", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[1].Member.Name = "n2" },
			[]string{"names warning 2: the same name as 192.0.2.1:9999"}},
		{"a dead one's name", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[1].Member.Name, m[2].Member.Status = "n2", dead },
			[]string{"reachable failure 2: "}},
		{"a flapping one", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Member.Flapping = true },
			[]string{"flapping warning 2: more than a few times"}},
		{"a plain one", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			silent(m[2])
			m[2].Link, m[2].Member.Plain, m[2].Error = nil, true, "it is plain"
		}, []string{"plain warning 2: plain Smudge node"}},
		{"one lists others as dead", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			for i, one := range m[1:] {
				one.Report.DeadDigest, one.Report.Dead = 5, 2
				if i == 2 {
					one.Report.DeadDigest, one.Report.Dead = 6, 3
				}
			}
		}, []string{"views warning 3: lists 3 members as dead, this node 2"}},
		{"one does not say whom it lists as dead", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[1].Report.DeadDigest = 5 }, nil},
		{"all others see other members", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[1].Report.Digest = 43 },
			[]string{"views warning 1: all others agree on 4"}},
	} {
		r := healthy(4)
		c.change(r, append([]*pb.Inspection{nil}, r.Members...))
		var got []Finding
		for _, f := range Examine(r, "v1") {
			if f.Verdict != OK && f.Verdict != Skipped {
				got = append(got, f)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: found %+v, want %v", c.name, got, c.want)
			continue
		}
		for i, f := range got {
			head, part, _ := strings.Cut(c.want[i], ": ")
			w := strings.Fields(head)
			member, name := "", ""
			if w[2] != "-" {
				member, name = "192.0.2."+w[2]+":9999", "n"+w[2]
			}
			if f.Check != w[0] || string(f.Verdict) != w[1] || f.Member != member || f.Name != name || !strings.Contains(f.Found, part) || f.Do == "" {
				t.Errorf("%s: %+v, want %s", c.name, f, c.want[i])
			}
		}
	}
}

func TestAlone(t *testing.T) {
	findings := Examine(healthy(1), "v2")
	if s := Summarize(findings); s != (Summary{OK: 2, Skipped: len(Checks()) - 4, Warnings: 2}) {
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
	findings := Examine(r, "v1")
	if s := Summarize(findings); s.Failures != 1 || s.Warnings != 0 || findings[1].Check != "removed" || findings[1].Found != r.Removal.Found ||
		findings[1].Do != r.Removal.Remedy || findings[2].Check != "reachable" || findings[2].Verdict != Skipped {
		t.Errorf("%+v: %+v", s, findings)
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
		{"one is silent", func(m []*pb.Inspection) { silent(m[2]) }, "direct one-way address keys encryption clock loss round-trip version limits views",
			"nothing found at 2 of 3 other members; not checked at n3: no report"},
		{"all are silent", func(m []*pb.Inspection) {
			for _, one := range m[1:] {
				silent(one)
			}
		},
			"direct one-way address keys encryption clock loss round-trip version limits views", "not checked: no other member sends a report"},
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
		{"no clock of one", func(m []*pb.Inspection) { m[1].ClockOffset = nil }, "clock", "1 of 3 members"},
	} {
		r := healthy(4)
		c.change(r.Members)
		var checks []string
		for _, f := range Examine(r, "v1") {
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
		if len(Examine(r, "")) < len(Checks()) {
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
