// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// quietly is a watch that brings one change and stays open.
func quietly(_ *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
	for _, r := range []*pb.WatchMembersResponse{
		{Revision: 1, Event: &pb.WatchMembersResponse_Present{Present: member(self, pb.MemberStatus_MEMBER_STATUS_ALIVE)}},
		{Revision: 1, Event: &pb.WatchMembersResponse_Synced{Synced: &pb.Synced{}}},
		{Revision: 2, Event: &pb.WatchMembersResponse_Change{Change: &pb.MemberChange{
			Member: member(other, pb.MemberStatus_MEMBER_STATUS_DEAD), PreviousStatus: pb.MemberStatus_MEMBER_STATUS_SUSPECTED,
			Reason: pb.ChangeReason_CHANGE_REASON_NO_ANSWER,
		}}},
	} {
		if err := s.Send(r); err != nil {
			return err
		}
	}
	<-s.Context().Done()
	return nil
}

// TestTopPlain: where there is no terminal, blocks of text without escape sequences,
// whatever a member calls itself; and so many of them.
func TestTopPlain(t *testing.T) {
	address := serve(t, &fake{watch: quietly})
	r := run(t, "top", "--rpc", address, "--count", "5", "--interval", "200ms")
	if r.code != 0 || r.err != "" {
		t.Fatalf("%+v", r)
	}
	blocks := strings.Split(r.out, "TamTam c  ")[1:]
	if len(blocks) != 5 || strings.Contains(r.out, "\x1b") {
		t.Fatalf("%d blocks: %q", len(blocks), r.out)
	}
	for _, want := range []string{"from one  up ", "  " + self + "  profile lan", "2 members: 1 alive, 1 dead", "in -", `"two\x1b[2J\n"`, "this node", "plain, flapping", "role=web"} {
		if !strings.Contains(blocks[0], want) {
			t.Errorf("no %q in\n%s", want, blocks[0])
		}
	}
	if !strings.Contains(blocks[4], "in 0/s, 0 B/s") {
		t.Errorf("no rates in\n%s", blocks[4])
	}
	if change := `"two\x1b[2J\n" DEAD  no answer`; strings.Count(r.out, change) != 1 {
		t.Errorf("the change is not printed once:\n%s", r.out)
	}
}

// TestTopJSON: a line a look, with rates from the second on.
func TestTopJSON(t *testing.T) {
	address := serve(t, &fake{watch: quietly})
	r := run(t, "top", "--rpc", address, "--count", "3", "--interval", "200ms", "-o", "json")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(lines) != 3 {
		t.Fatalf("%+v", r)
	}
	for i, line := range lines {
		var l struct {
			Name, Cluster string
			Members       []struct{ Address string }
			Rates         map[string]float64
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Name != "one" || l.Cluster != "c" || len(l.Members) != 2 || l.Members[1].Address != other || (l.Rates == nil) != (i == 0) {
			t.Errorf("line %d: %+v", i, l)
		}
	}
}

// TestTopFails: bad values, no daemon, one that refuses.
func TestTopFails(t *testing.T) {
	refusing := serve(t, &fake{watch: func(*pb.WatchMembersRequest, grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
		return status.Error(codes.PermissionDenied, "not you")
	}})
	for _, c := range []struct {
		args string
		code int
		err  string
	}{
		{"--interval 100ms", 2, "want a time from 200ms to 1m"},
		{"--interval 2m", 2, "want a time from 200ms to 1m"},
		{"--count 0", 2, "want a number from 1"},
		{"now", 2, "takes no argument"},
		{"--rpc 127.0.0.1:1", 4, "no tamtamd answers"},
		{"--rpc " + refusing, 5, "not you"},
	} {
		if r := run(t, append([]string{"top"}, strings.Fields(c.args)...)...); r.code != c.code || !strings.Contains(r.err, c.err) {
			t.Errorf("%s: %+v", c.args, r)
		}
	}
}

// TestTopAcrossRestart: the end of a daemon is reported, and top reconnects.
func TestTopAcrossRestart(t *testing.T) {
	begin := func(address string) (*grpc.Server, string) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		s := grpc.NewServer()
		pb.RegisterTamTamServiceServer(s, &fake{watch: quietly})
		go func() { _ = s.Serve(l) }()
		return s, l.Addr().String()
	}
	first, address := begin("127.0.0.1:0")
	t.Setenv("HOME", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs buffer
	code := make(chan int)
	go func() {
		code <- ctl.Run(ctx, []string{"top", "--rpc", address, "--interval", "200ms"}, ctl.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	}()
	until := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("no %s: %q, %q", what, out.String(), errs.String())
			}
		}
	}
	blocks := func() int { return strings.Count(out.String(), "TamTam c  ") }
	until("block", func() bool { return blocks() > 0 })
	first.Stop()
	until("word of the end", func() bool { return strings.Contains(errs.String(), "; retrying") })
	had := blocks()
	second, _ := begin(address)
	defer second.Stop()
	until("word of the return", func() bool { return strings.Contains(errs.String(), "reconnected") })
	until("block of the new daemon", func() bool { return blocks() > had })
	cancel()
	if c := <-code; c != 0 || strings.Count(errs.String(), "\n") != 2 {
		t.Errorf("code %d, %q", c, errs.String())
	}
}
