// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"bytes"
	"context"
	"flag"
	"net"
	"strings"
	"testing"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/exitcode"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// The commands themselves are tested against real daemons, in the daemon's module.
// Here is what those can hardly be made to do.

// daemon answers as it is told.
type daemon struct {
	tamtamv1.UnimplementedTamTamServiceServer
	err   error
	watch func(*tamtamv1.WatchMembersRequest, grpc.ServerStreamingServer[tamtamv1.WatchMembersResponse]) error
}

func (d *daemon) GetLocalNode(context.Context, *tamtamv1.GetLocalNodeRequest) (*tamtamv1.GetLocalNodeResponse, error) {
	return &tamtamv1.GetLocalNodeResponse{Member: &tamtamv1.Member{Address: "192.0.2.1:1"}}, d.err
}

func (d *daemon) Broadcast(context.Context, *tamtamv1.BroadcastRequest) (*tamtamv1.BroadcastResponse, error) {
	return &tamtamv1.BroadcastResponse{}, d.err
}

func (d *daemon) WatchMembers(r *tamtamv1.WatchMembersRequest, s grpc.ServerStreamingServer[tamtamv1.WatchMembersResponse]) error {
	return d.watch(r, s)
}

// serve serves a daemon on loopback and returns its address.
func serve(t *testing.T, d *daemon) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	tamtamv1.RegisterTamTamServiceServer(s, d)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// run runs tamtamctl.
func run(t *testing.T, stdin string, args ...string) (out, errs string, code int) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	var o, e bytes.Buffer
	code = Run(context.Background(), args, Streams{In: strings.NewReader(stdin), Out: &o, Err: &e})
	return o.String(), e.String(), code
}

func TestExitCodes(t *testing.T) {
	d := &daemon{}
	addr := serve(t, d)
	for c, want := range map[codes.Code]int{
		codes.OK: 0, codes.NotFound: 3, codes.Unavailable: 4, codes.InvalidArgument: 5, codes.FailedPrecondition: 5,
		codes.PermissionDenied: 5, codes.Unauthenticated: 5, codes.ResourceExhausted: 5, codes.OutOfRange: 5,
		codes.DeadlineExceeded: 6, codes.Internal: 1, codes.Unknown: 1, codes.Unimplemented: 1,
	} {
		d.err = status.Error(c, "so it is")
		out, errs, code := run(t, "", "--rpc", addr, "address")
		if code != want {
			t.Errorf("%v: exit code %d, want %d: %s", c, code, want, errs)
		}
		if c != codes.OK && (out != "" || !strings.Contains(errs, "so it is") || strings.Count(errs, "\n") != 1) {
			t.Errorf("%v: stdout %q, stderr %q", c, out, errs)
		}
	}
}

// TestUnreachable: nobody listens, or somebody does and says nothing.
func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // it never accepts
	for _, addr := range []string{"127.0.0.1:1", l.Addr().String()} {
		for _, command := range []string{"address", "stream", "monitor"} {
			_, errs, code := run(t, "", "--rpc", addr, "--timeout", "200ms", command)
			if code != exitcode.Unreachable || !strings.Contains(errs, addr) || strings.Count(errs, "\n") != 1 {
				t.Errorf("%s at %s: exit code %d, %q", command, addr, code, errs)
			}
		}
	}
}

func TestBroadcastReadsStdin(t *testing.T) {
	addr := serve(t, &daemon{})
	for _, args := range [][]string{{"broadcast"}, {"broadcast", "-"}} {
		_, errs, code := run(t, "hello", append([]string{"--rpc", addr, "--trace"}, args...)...)
		if code != 0 || !strings.Contains(errs, "payload of 5 bytes") || strings.Contains(errs, "hello") {
			t.Errorf("%v: exit code %d, %q", args, code, errs)
		}
		if !strings.Contains(errs, "no other member") {
			t.Errorf("%v: no member got it, and the user is not warned: %q", args, errs)
		}
	}
	if _, errs, code := run(t, strings.Repeat("x", maxStdin+1), "--rpc", addr, "broadcast"); code != exitcode.Failed || !strings.Contains(errs, "more than 65536 bytes") {
		t.Errorf("too much: exit code %d, %q", code, errs)
	}
}

// TestMonitorResumes: cut off for being slow, it continues after the
// last change it saw.
func TestMonitorResumes(t *testing.T) {
	var asked []*uint64
	d := &daemon{watch: func(r *tamtamv1.WatchMembersRequest, s grpc.ServerStreamingServer[tamtamv1.WatchMembersResponse]) error {
		asked = append(asked, r.AfterRevision)
		if len(asked) > 1 {
			return status.Error(codes.Internal, "enough")
		}
		for _, m := range []*tamtamv1.WatchMembersResponse{
			{Revision: 7, Event: &tamtamv1.WatchMembersResponse_Present{Present: &tamtamv1.Member{Address: "a:1", Status: 1}}},
			{Revision: 7, Event: &tamtamv1.WatchMembersResponse_Synced{Synced: &tamtamv1.Synced{}}},
			{Revision: 8, Event: &tamtamv1.WatchMembersResponse_Change{Change: &tamtamv1.MemberChange{
				Member: &tamtamv1.Member{Address: "a:1", Status: 3}, PreviousStatus: 1}}},
			{Revision: 9, Event: &tamtamv1.WatchMembersResponse_Change{Change: &tamtamv1.MemberChange{
				Member: &tamtamv1.Member{Address: "a:1", Status: 3}, PreviousStatus: 3, Removed: true}}},
		} {
			if err := s.Send(m); err != nil {
				return err
			}
		}
		return status.Error(codes.ResourceExhausted, "too slow")
	}}
	out, errs, code := run(t, "", "--rpc", serve(t, d), "monitor")
	if code != exitcode.Failed || len(asked) != 2 || asked[0] != nil || asked[1] == nil || *asked[1] != 9 {
		t.Errorf("exit code %d, asked after %v", code, asked)
	}
	if !strings.Contains(errs, "fell behind") {
		t.Errorf("stderr %q", errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != 3 || !strings.Contains(lines[1], "was ALIVE") || !strings.Contains(lines[2], "removed") {
		t.Errorf("stdout %q", out)
	}
}

func TestInterruptIsNoError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	addr := serve(t, &daemon{watch: func(_ *tamtamv1.WatchMembersRequest, s grpc.ServerStreamingServer[tamtamv1.WatchMembersResponse]) error {
		err := s.SendHeader(nil)
		cancel() // Ctrl-C, while it is streaming
		<-s.Context().Done()
		return err
	}})
	var out, errs bytes.Buffer
	if code := Run(ctx, []string{"monitor", "--rpc", addr}, Streams{Out: &out, Err: &errs}); code != 0 || errs.Len() > 0 {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}

// TestEveryCommandIsDocumented: the reference is made of these.
func TestEveryCommandIsDocumented(t *testing.T) {
	var walk func(c *ffcli.Command)
	walk = func(c *ffcli.Command) {
		if c.ShortHelp == "" || !strings.HasSuffix(c.ShortHelp, ".") || c.ShortUsage == "" || c.LongHelp == "" || c.Exec == nil {
			t.Errorf("%s is not documented", c.Name)
		}
		c.FlagSet.VisitAll(func(f *flag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s is not documented", c.Name, f.Name)
			}
		})
		for _, sub := range c.Subcommands {
			walk(sub)
		}
	}
	walk(Command())
}
