// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/doctor"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (f *fake) Inspect(context.Context, *pb.InspectRequest) (*pb.InspectResponse, error) {
	if f.inspected == nil {
		return nil, status.Error(codes.PermissionDenied, "not for you")
	}
	return f.inspected, nil
}

// TestDoctor: what is printed, in both forms, and how it ends.
func TestDoctor(t *testing.T) {
	all := len(doctor.Checks())
	inspection := func(dead int, plain bool) *pb.InspectResponse {
		me := member(self, pb.MemberStatus_MEMBER_STATUS_ALIVE)
		r := &pb.InspectResponse{Members: []*pb.Inspection{{Member: me, Report: &pb.InspectionReport{Version: "devel", Alive: 2}}}}
		two := &pb.Inspection{Member: member(other, pb.MemberStatus_MEMBER_STATUS_ALIVE), Error: "it is plain"}
		two.Member.Plain, two.Member.Flapping = plain, false
		two.Answered = true
		if plain {
			r.Members = append(r.Members, two)
		}
		for i := range dead {
			r.Members = append(r.Members, &pb.Inspection{Member: &pb.Member{
				Address: fmt.Sprintf("192.0.2.7:%d", i+1), Status: pb.MemberStatus_MEMBER_STATUS_DEAD, Name: "x\x1b[2J",
			}})
		}
		return r
	}
	for _, c := range []struct {
		name      string
		inspected *pb.InspectResponse
		code      int
		out       []string
		err       string
		sum       doctor.Summary
	}{
		{"warnings", inspection(0, true), 0, []string{"VERDICT  CHECK  ", "FOUND\nwarning  ", "warning  plain", "\nok       -  ", " checks: daemon, removed, ", other + ` "two\x1b[2J\n"`, "-> run a current", "0 failures", "direct, one-way, address, encryption, clock, loss, round-trip, limits, views: not checked: no other"}, "",
			doctor.Summary{OK: all - 14, Skipped: 12, Warnings: 2}},
		{"a failure", inspection(1, false), 1, []string{"failure  reachable", `192.0.2.7:1 "x\x1b[2J"  it is DEAD`, "1 failure\n"}, "tamtamctl: failed: reachable\n",
			doctor.Summary{OK: all - 13, Skipped: 12, Failures: 1}},
		{"many", inspection(12, false), 1, []string{"192.0.2.7:10 ", "and 2 more", "12 failures"}, "tamtamctl: failed: reachable\n",
			doctor.Summary{OK: all - 13, Skipped: 12, Failures: 12}},
		{"refused", nil, 5, nil, "tamtamctl: not for you\n", doctor.Summary{}},
	} {
		addr := serve(t, &fake{inspected: c.inspected})
		r := run(t, "--rpc", addr, "doctor")
		if r.code != c.code || r.err != c.err || strings.Contains(r.out, "192.0.2.7:11") || strings.Contains(r.out, "\x1b") {
			t.Errorf("%s: %+v", c.name, r)
		}
		for _, w := range c.out {
			if !strings.Contains(r.out, w) {
				t.Errorf("%s: %q is not in %s", c.name, w, r.out)
			}
		}
		r = run(t, "--rpc", addr, "doctor", "-o", "json")
		var got struct {
			Findings []doctor.Finding
			Summary  doctor.Summary
		}
		if c.inspected == nil {
			if r.out != "" || r.code != c.code {
				t.Errorf("%s: %+v", c.name, r)
			}
			continue
		}
		if err := json.Unmarshal([]byte(r.out), &got); err != nil || strings.Count(r.out, "\n") != 1 || r.code != c.code || got.Summary != c.sum {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
		if n := c.sum.OK + c.sum.Skipped + c.sum.Warnings + c.sum.Failures; len(got.Findings) != n {
			t.Errorf("%s: %d findings, want %d", c.name, len(got.Findings), n)
		}
	}
}

// TestDoctorWithoutDaemon: that no daemon answers is a finding, and a failure.
func TestDoctorWithoutDaemon(t *testing.T) {
	r := run(t, "--rpc", "127.0.0.1:1", "doctor", "-o", "json")
	if r.code != 1 || !strings.HasPrefix(r.out, `{"findings":[{"check":"daemon","verdict":"failure","found":"no tamtamd answers at 127.0.0.1:1: connection refused"`) ||
		r.err != "tamtamctl: failed: daemon\n" {
		t.Errorf("%+v", r)
	}
	if r = run(t, "--rpc", "127.0.0.1:1", "doctor", "me"); r.code != 2 || r.out != "" {
		t.Errorf("with an argument: %+v", r)
	}
}

// TestDoctorOrder: failures come first, then warnings, then what was skipped, and one line for what
// is ok; --all shows each finding, as JSON does.
func TestDoctorOrder(t *testing.T) {
	me := member(self, pb.MemberStatus_MEMBER_STATUS_ALIVE)
	r := &pb.InspectResponse{Members: []*pb.Inspection{{Member: me, Report: &pb.InspectionReport{Version: "devel", Alive: 2}}}}
	suspected := member(other, pb.MemberStatus_MEMBER_STATUS_SUSPECTED)
	suspected.Flapping = false
	r.Members = append(r.Members, &pb.Inspection{Member: suspected, Answered: true, Report: &pb.InspectionReport{Version: "older", Alive: 2}})
	for i := range 12 {
		r.Members = append(r.Members, &pb.Inspection{Member: &pb.Member{Address: fmt.Sprintf("192.0.2.7:%d", i+1), Status: pb.MemberStatus_MEMBER_STATUS_DEAD}})
	}
	addr := serve(t, &fake{inspected: r})
	verdicts := func(args ...string) (kinds []string, rows int) {
		out := run(t, append([]string{"--rpc", addr, "doctor"}, args...)...).out
		table, _, _ := strings.Cut(out, "\n\n")
		for line := range strings.Lines(table) {
			if verdict, _, _ := strings.Cut(line, " "); verdict != "" && verdict != "VERDICT" {
				rows++
				if len(kinds) == 0 || kinds[len(kinds)-1] != verdict {
					kinds = append(kinds, verdict)
				}
			}
		}
		return kinds, rows
	}
	want := "failure warning skipped ok"
	brief, few := verdicts()
	full, many := verdicts("--all")
	if strings.Join(brief, " ") != want || strings.Join(full, " ") != want {
		t.Errorf("got %v, with --all %v, want %s", brief, full, want)
	}
	// Two dead members, and all that is ok but one line.
	sum := doctor.Summarize(doctor.Examine(r, "devel", false))
	if more := many - few; sum.OK < 3 || more != 12-10-1+sum.OK-1 {
		t.Errorf("%d rows, with --all %d, %d are ok", few, many, sum.OK)
	}
}

// TestDoctorHelp: the help explains each check, in the order of the report.
func TestDoctorHelp(t *testing.T) {
	help, last := run(t, "doctor", "-h").out, 0
	for _, check := range doctor.Checks() {
		at := strings.Index(help, "\n  "+check+" ")
		if at < last {
			t.Errorf("%s is at %d, the check before it at %d, in %s", check, at, last, help)
		}
		last = max(at, last)
	}
}
