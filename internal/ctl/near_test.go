// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// linked is a daemon of a cluster whose members have links to each other.
type linked struct {
	fake
	members []*pb.Member
	trips   map[string]time.Duration // "a>b" by names
	via     map[string]string
	errs    map[string]string // why a member reports no links
	old     bool              // returns the links of the first three, whatever is asked
	most    int               // members that one call named
}

// address returns the address of the i-th member.
func address(i int) string { return fmt.Sprintf("192.0.2.%d:9999", i+1) }

func newLinked(names ...string) *linked {
	l := &linked{trips: map[string]time.Duration{}, via: map[string]string{}, errs: map[string]string{}}
	for i, name := range names {
		l.members = append(l.members, &pb.Member{Address: address(i), Name: name, Status: alive, StatusSince: then, Local: i == 0})
	}
	return l
}

// link measures the round trip from one to another.
func (l *linked) link(ends string, ms float64) { l.trips[ends] = time.Duration(ms * 1e6) }

func (l *linked) ListMembers(_ context.Context, r *pb.ListMembersRequest) (*pb.ListMembersResponse, error) {
	out := &pb.ListMembersResponse{}
	for _, m := range l.members {
		if d, ok := l.trips[l.members[0].GetName()+">"+m.GetName()]; ok {
			m.RoundTrip = durationpb.New(d)
		}
		if want := r.GetFilter().GetName(); want == "" || strings.HasPrefix(m.GetName(), strings.TrimSuffix(want, "*")) {
			out.Members = append(out.Members, m)
		}
	}
	return out, nil
}

func (l *linked) GetLocalNode(context.Context, *pb.GetLocalNodeRequest) (*pb.GetLocalNodeResponse, error) {
	return &pb.GetLocalNodeResponse{Member: l.members[0]}, nil
}

func (l *linked) GetLinks(_ context.Context, r *pb.GetLinksRequest) (*pb.GetLinksResponse, error) {
	named := slices.Concat(r.GetFrom(), r.GetTo())
	l.most = max(l.most, len(r.GetTo()))
	if len(r.GetFrom()) == 0 || len(r.GetFrom()) > 2 {
		return nil, status.Error(codes.InvalidArgument, "bad choice of links")
	}
	if l.old {
		named = []string{address(0), address(1), address(2)}
	}
	out := &pb.GetLinksResponse{}
	for _, m := range l.members {
		if slices.Contains(named, m.GetAddress()) {
			out.Nodes = append(out.Nodes, &pb.LinkNode{Address: m.GetAddress(), Name: m.GetName()})
		}
	}
	for _, n := range out.GetNodes() {
		if !l.old && !slices.Contains(r.GetFrom(), n.GetAddress()) {
			continue
		}
		if n.Error = l.errs[n.GetName()]; n.GetError() != "" {
			continue
		}
		for i, to := range out.GetNodes() {
			ends := n.GetName() + ">" + to.GetName()
			if d, ok := l.trips[ends]; ok {
				one := &pb.NodeLink{To: uint32(i), Via: l.via[ends]}
				if d > 0 {
					one.RoundTrip = durationpb.New(d)
				}
				n.Links = append(n.Links, one)
			}
		}
	}
	return out, nil
}

// TestRTT: each end reports what it measures, or why it does not.
func TestRTT(t *testing.T) {
	l := newLinked("one", "web-1", "db-1", "plain", "silent", "twin", "twin", "dead")
	l.link("one>web-1", 0.4123)
	l.link("web-1>one", 0.4149)
	l.link("web-1>db-1", 1.3)
	l.link("db-1>web-1", 41)
	l.via["db-1>web-1"] = address(0)
	l.link("one>plain", 2)
	l.link("db-1>silent", 3)
	l.link("web-1>silent", 0)
	l.members[3].Plain, l.members[7].Status = true, dead
	l.errs = map[string]string{"plain": "it is plain, and cannot be asked", "silent": "it did not answer\x1b", "dead": "it is not alive"}
	addr := serveAs(t, l)
	for _, c := range []struct {
		args string
		code int
		out  string
		err  string
	}{
		{"rtt web-1", 0, "one -> web-1: 0.41ms\n", ""}, // to two digits, both measure the same
		{"rtt web-1 db-1", 0, "web-1 -> db-1: 1.3ms\ndb-1 -> web-1: 41ms via one\n", ""},
		{"rtt 192.0.2.3 web-1", 0, "db-1 -> web-1: 41ms via one\nweb-1 -> db-1: 1.3ms\n", ""},
		{"rtt plain", 0, "one -> plain: 2ms\nplain -> one: not known: it is plain, and cannot be asked\n", ""},
		{"rtt db-1 silent", 0, "db-1 -> silent: 3ms\nsilent -> db-1: not known: it did not answer\\x1b\n", ""},
		{"rtt web-1 silent", 6, "web-1 -> silent: not known: it has not measured it yet\nsilent -> web-1: not known: it did not answer\\x1b\n", "no round trip is known"},
		{"rtt db-1", 3, "one -> db-1: not known: it has no session with the other\n", "no round trip is known"},
		{"rtt plain dead", 3, "plain -> dead: not known: it is plain, and cannot be asked\ndead -> plain: not known: it is not alive\n", "no round trip is known"},
		{"rtt dead", 3, "one -> dead: not known: the other is not alive\ndead -> one: not known: it is not alive\n", "no round trip is known"},
		{"rtt web-1 twin", 5, "", `"twin" stands for 2 members: 192.0.2.6:9999 (ALIVE), 192.0.2.7:9999 (ALIVE)`},
		{"rtt nobody.invalid", 3, "", "nobody.invalid"},
		{"rtt", 2, "", "one or two members"},
		{"rtt a b c", 2, "", "one or two members"},
		{"rtt one", 2, "", "both ends are one"},
		{"rtt web-1 web-1", 2, "", "both ends are web-1"},
	} {
		r := run(t, strings.Fields("--rpc "+addr+" "+c.args)...)
		if r.code != c.code || r.out != c.out || !strings.Contains(r.err, c.err) || (c.err == "") != (r.err == "") {
			t.Errorf("%s: %+v, want %d, %q, %q", c.args, r, c.code, c.out, c.err)
		}
	}
	const want = `[{"from":"192.0.2.3:9999","from_name":"db-1","to":"192.0.2.2:9999","to_name":"web-1","round_trip_ms":41,"via":"192.0.2.1:9999"},` +
		`{"from":"192.0.2.2:9999","from_name":"web-1","to":"192.0.2.3:9999","to_name":"db-1","round_trip_ms":1.3}]` + "\n"
	if r := run(t, "--rpc", addr, "rtt", "db-1", "web-1", "-o", "json"); r.code != 0 || r.out != want {
		t.Errorf("%+v, want %s", r, want)
	}
	if r := run(t, "--rpc", addr, "rtt", "web-1", ""); r.code != 2 {
		t.Errorf("%+v", r)
	}
}

// TestNear: the nearest come first, those that are not measured last, and a limit counts them then.
func TestNear(t *testing.T) {
	l := newLinked("one", "web-1", "db-1", "web-2", "me", "gone")
	l.link("one>web-1", 5)
	l.link("one>db-1", 1)
	l.link("one>web-2", 3)
	l.link("web-2>web-1", 2)
	l.link("web-2>one", 7)
	l.members[5].Status = dead
	l.errs = map[string]string{"db-1": "it did not answer", "gone": "it is not alive"}
	addr := serveAs(t, l)
	for _, c := range []struct {
		args, want string
		code       int
		err        string
	}{
		{"nodes --near me", "one db-1 web-2 web-1 me gone", 0, ""},
		{"nodes --near one", "one db-1 web-2 web-1 me gone", 0, ""},
		{"nodes --near web-2", "web-2 web-1 one db-1 me gone", 0, ""},
		{"nodes --near web-2 --limit 3", "web-2 web-1 one", 0, ""},
		{"nodes --near 192.0.2.4 --limit 99", "web-2 web-1 one db-1 me gone", 0, ""},
		{"nodes --near me --name web* --limit 1", "web-2", 0, ""},
		{"nodes --near web-2 db-1 one", "one db-1", 0, ""},
		{"nodes --limit 2", "one web-1", 0, ""},
		{"nodes --near 192.0.2.5", "me one web-1 db-1 web-2 gone", 0, ""}, // it has measured nothing
		{"nodes --near db-1", "", 6, "db-1 reports no round trips: it did not answer"},
		{"nodes --near gone", "", 3, "gone reports no round trips: it is not alive"},
		{"nodes --near nobody.invalid", "", 3, "nobody.invalid"},
		{"nodes --limit 0", "", 2, "want a number from 1"},
	} {
		r := run(t, strings.Fields("--rpc "+addr+" -o name "+c.args)...)
		if got := strings.Join(strings.Fields(r.out), " "); r.code != c.code || got != c.want || !strings.Contains(r.err, c.err) {
			t.Errorf("%s: %+v, want %d, %q, %q", c.args, r, c.code, c.want, c.err)
		}
	}
	r := run(t, "--rpc", addr, "nodes", "--near", "web-2", "--limit", "4")
	if lines := strings.Split(r.out, "\n"); !strings.Contains(lines[0], "  RTT  NEAR  ADDRESS") || !strings.Contains(lines[1], "  3ms  -     192") ||
		!strings.Contains(lines[2], "  5ms  2ms   192") || !strings.Contains(lines[4], "  1ms  -     192") {
		t.Errorf("%s", r.out)
	}
	if r := run(t, "--rpc", addr, "nodes", "--near", "me"); strings.Contains(r.out, "NEAR") {
		t.Errorf("%s", r.out)
	}
	if r := run(t, "--rpc", addr, "nodes", "--near", "web-2", "--limit", "2", "-o", "json"); strings.Count(r.out, `"near_round_trip_ms":2,`) != 1 || strings.Count(r.out, "near_round") != 1 {
		t.Errorf("%s", r.out)
	}
}

// TestNearInALargeCluster: all members are asked about, a hundred in one call.
func TestNearInALargeCluster(t *testing.T) {
	var names []string
	for i := range 230 {
		names = append(names, fmt.Sprintf("n%03d", i))
	}
	l := newLinked(names...)
	for i := range names {
		l.link("n001>"+names[i], float64(300-i))
	}
	r := run(t, "--rpc", serveAs(t, l), "-o", "name", "nodes", "--near", "n001", "--limit", "4")
	if r.code != 0 || r.out != "n001\nn229\nn228\nn227\n" || l.most != 100 {
		t.Errorf("%+v; %d at once", r, l.most)
	}
}

// TestNearAndAnEarlierDaemon: it returns the links of some members, whatever is asked.
func TestNearAndAnEarlierDaemon(t *testing.T) {
	l := newLinked("one", "two", "three", "four")
	l.old = true
	l.link("two>three", 1)
	l.link("three>two", 1)
	addr := serveAs(t, l)
	if r := run(t, "--rpc", addr, "rtt", "two", "three"); r.code != 0 || r.out != "two -> three: 1ms\n" {
		t.Errorf("%+v", r)
	}
	if r := run(t, "--rpc", addr, "rtt", "two", "four"); r.code != 3 || !strings.Contains(r.out, "earlier version") {
		t.Errorf("%+v", r)
	}
	if r := run(t, "--rpc", addr, "nodes", "--near", "four"); r.code != 3 || !strings.Contains(r.err, "earlier version") {
		t.Errorf("%+v", r)
	}
}
