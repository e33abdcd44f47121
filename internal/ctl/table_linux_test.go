// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/ctl/cells"
	"github.com/eelcocramer/tamtam/internal/testpty"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// named is a daemon with a dead member that has a long name.
type named struct {
	fake
	name string
}

func (n *named) dead() *pb.Member {
	return &pb.Member{Address: other, Name: n.name, Status: dead, StatusSince: then}
}

func (n *named) ListMembers(context.Context, *pb.ListMembersRequest) (*pb.ListMembersResponse, error) {
	return &pb.ListMembersResponse{Members: []*pb.Member{member(self, alive), n.dead()}}, nil
}

// TestTablesOnATerminal: they fit, only trouble has a colour, and a line counts the members.
func TestTablesOnATerminal(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("HOME", t.TempDir())
	n := &named{name: strings.Repeat("日本-", 24)}
	n.inspected = &pb.InspectResponse{Members: []*pb.Inspection{{Member: member(self, alive), Report: &pb.InspectionReport{}}, {Member: n.dead()}}}
	addr := serveAs(t, n)
	for _, c := range []struct {
		command, last string
		red           int
	}{{"nodes", "2 members: 1 alive, 1 dead", 1}, {"doctor", "tamtamctl: failed: reachable", 0}} {
		p := testpty.Open(t)
		p.Resize(80, 50)
		ctl.Run(context.Background(), []string{"--rpc", addr, c.command}, ctl.Streams{In: p.Slave, Out: p.Slave, Err: p.Slave})
		await(t, p, c.last)
		out := p.Output()
		if strings.Count(out, "\x1b[31mDEAD\x1b[0m") != c.red || strings.Count(out, "\x1b[") != 2*c.red || !strings.Contains(out, "日~") && !strings.Contains(out, "本~") && !strings.Contains(out, "-~") {
			t.Errorf("%s printed %q", c.command, out)
		}
		for line := range strings.Lines(out) {
			if line = strings.TrimRight(line, "\r\n"); cells.Painted(line) > 80 || strings.HasSuffix(line, " ") {
				t.Errorf("%s printed a line of %d columns: %q", c.command, cells.Painted(line), line)
			}
		}
	}
}
