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
				DescriptorLimit: 1024, DescriptorsOpen: 20, DescriptorsWanted: 448,
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
	findings := Examine(healthy(3), "v1", false)
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
		{"two reach each other in no way, one of them this node", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.Troubles = []*pb.LinkTrouble{{Address: at(3), Status: dead, Unreached: true}}
			m[3].Report.Troubles = []*pb.LinkTrouble{{Address: at(2), Unreached: true}}
			m[1].Report.Troubles = []*pb.LinkTrouble{{Address: at(99), Unreached: true}}
		}, []string{
			"direct failure 1: it reaches 192.0.2.99:9999 in no way", "direct failure 2: it reaches 192.0.2.3:9999 in no way",
		}},
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
		{"almost as many topics as can be", func(r *pb.InspectResponse, _ []*pb.Inspection) {
			r.Retained = &pb.RetainedUse{Topics: 231, MaxTopics: 256, Bytes: 1000, MaxBytes: 131072}
		}, []string{"topics warning 1: 231 of 256 retained topics are in use, with 1000 of 131072 bytes: more will be refused"}},
		{"almost as many bytes of topics", func(r *pb.InspectResponse, _ []*pb.Inspection) {
			r.Retained = &pb.RetainedUse{Topics: 130, MaxTopics: 256, Bytes: 120000, MaxBytes: 131072}
		}, []string{"topics warning 1: 130 of 256 retained topics are in use, with 120000 of 131072 bytes: more will be refused"}},
		{"topics with room for more", func(r *pb.InspectResponse, _ []*pb.Inspection) {
			r.Retained = &pb.RetainedUse{Topics: 200, MaxTopics: 256, Bytes: 100000, MaxBytes: 131072}
		}, nil},
		{"few file descriptors", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[2].Report.DescriptorLimit = 256 },
			[]string{"descriptors warning 2: only 256 file descriptors, so clients may have fewer connections; it has 20 open"}},
		{"file descriptors that run out here", func(_ *pb.InspectResponse, m []*pb.Inspection) { m[1].Report.DescriptorsOpen = 1000 },
			[]string{"descriptors failure 1: 1000 of its 1024 file descriptors are in use"}},
		{"a version that reports no file descriptors", func(_ *pb.InspectResponse, m []*pb.Inspection) {
			m[2].Report.DescriptorLimit, m[2].Report.DescriptorsOpen, m[2].Report.DescriptorsWanted = 0, 0, 0
		}, nil},
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
		for _, f := range Examine(r, "v1", false) {
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
