// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

type attached = grpc.BidiStreamingClient[tamtamv1.AttachRequest, tamtamv1.AttachResponse]

// attach opens a stream and sends its first request.
func attach(t *testing.T, ctx context.Context, c tamtamv1.TamTamServiceClient, r *tamtamv1.AttachRequest) attached {
	t.Helper()
	s, err := c.Attach(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(r); err != nil {
		t.Fatal(err)
	}
	return s
}

func offered(failing bool, names ...string) *tamtamv1.AttachRequest {
	r := &tamtamv1.AttachRequest{}
	for i, name := range names {
		r.Services = append(r.Services, &tamtamv1.OfferedService{Name: name, Port: uint32(8080 + i), Failing: failing})
	}
	return r
}

// announces waits for a response.
func announces(t *testing.T, s attached, want ...string) {
	t.Helper()
	if r, err := s.Recv(); err != nil || !slices.Equal(r.GetAnnounced(), want) {
		t.Fatalf("announced %q, %v; want %q", r.GetAnnounced(), err, want)
	}
}

// free waits until nobody has a service.
func free(t *testing.T, f *fake) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		m := map[string]uint64{}
		f.book.Counters(m)
		if m["attach_programs"] == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v", m)
		}
	}
}

// TestAttach: each request replaces the services, and they end with the stream, however it ends.
func TestAttach(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	for name, end := range map[string]func(s attached, cancel func()){
		"the program ends it": func(s attached, _ func()) {
			_ = s.CloseSend()
			if _, err := s.Recv(); !errors.Is(err, io.EOF) {
				t.Errorf("at the end: %v", err)
			}
			m := map[string]uint64{}
			if f.book.Counters(m); m["attach_services"] != 0 {
				t.Error("the services are there after the end of the stream")
			}
		},
		"it is cut off": func(_ attached, cancel func()) { cancel() },
		"a bad request": func(s attached, _ func()) {
			_ = s.Send(offered(false, "No"))
			_, err := s.Recv()
			code(t, err, codes.InvalidArgument)
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(within(t))
			defer cancel()
			s := attach(t, ctx, c, offered(false, "web", "api"))
			announces(t, s, "api", "web")
			if err := s.Send(offered(true, "web")); err != nil {
				t.Fatal(err)
			}
			announces(t, s)
			_, err := attach(t, within(t), c, offered(false, "web")).Recv()
			code(t, err, codes.AlreadyExists)
			if err := s.Send(offered(false, "web")); err != nil {
				t.Fatal(err)
			}
			announces(t, s, "web")
			_, err = c.UpdateTags(within(t), &tamtamv1.UpdateTagsRequest{Set: map[string]string{"service/web": "1"}})
			code(t, err, codes.AlreadyExists)
			end(s, cancel)
			free(t, f)
		})
	}
}

// TestAttachTTL: a program that sends nothing in the time that it said loses its services.
func TestAttachTTL(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	r := offered(false, "web")
	r.Ttl = durationpb.New(time.Minute)
	s := attach(t, within(t), c, r)
	announces(t, s, "web")
	r.Ttl = durationpb.New(time.Second)
	if err := s.Send(r); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil {
		_, err = s.Recv()
	}
	code(t, err, codes.DeadlineExceeded)
	free(t, f)
	m := map[string]uint64{}
	if f.book.Counters(m); m["attach_expired"] != 1 {
		t.Errorf("%v", m)
	}
}

// TestAttachStoodStill: a daemon that stood still spares a program once, so that it reads its request.
func TestAttachStoodStill(t *testing.T) {
	now := time.Now()
	s := newSilence()
	defer s.timer.Stop()
	for _, c := range []struct {
		what  string
		begin bool
		after time.Duration // the ttl, which is 10 s
		want  bool
	}{
		{"in time", true, lateness.From - 1, false},
		{"late", true, lateness.From, true},
		{"late again", false, time.Hour, false},
		{"late after a request", true, time.Minute, true},
	} {
		if c.begin {
			s.begin(10*time.Second, now)
		}
		if got := s.spare(now.Add(10*time.Second + c.after)); got != c.want {
			t.Errorf("%s: spared %v, want %v", c.what, got, c.want)
		}
	}
}

// TestAttachErrors: what is refused.
func TestAttachErrors(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	ttl := func(d time.Duration) *tamtamv1.AttachRequest {
		r := offered(false, "web")
		r.Ttl = durationpb.New(d)
		return r
	}
	bad := offered(false, "web")
	bad.Services[0].Protocol = "sctp"
	port := offered(false, "web")
	port.Services[0].Port = 70000
	weight := offered(false, "web")
	weight.Services[0].Weight = 1 << 20
	for what, r := range map[string]*tamtamv1.AttachRequest{
		"none": {}, "a name": offered(false, "Web"), "a protocol": bad, "a port": port, "a weight": weight,
		"twice": offered(false, "web", "web"), "a short ttl": ttl(time.Millisecond), "a long ttl": ttl(time.Hour), "a negative ttl": ttl(-1),
	} {
		_, err := attach(t, within(t), c, r).Recv()
		if code(t, err, codes.InvalidArgument); t.Failed() {
			t.Fatal(what)
		}
	}
	f.book.Close()
	_, err := attach(t, within(t), c, offered(false, "web")).Recv()
	code(t, err, codes.Unavailable)
}

// TestAttachStops: the daemon that ends does not wait for programs.
func TestAttachStops(t *testing.T) {
	f, conn := serve(t)
	s := attach(t, within(t), tamtamv1.NewTamTamServiceClient(conn), offered(false, "web"))
	announces(t, s, "web")
	f.book.Close()
	_, err := s.Recv()
	code(t, err, codes.Unavailable)
}

// TestAttachAudit: the services are in the line of the call.
func TestAttachAudit(t *testing.T) {
	var b bytes.Buffer
	a := newAuditor(log.NewLogfmtLogger(&b))
	info := &grpc.StreamServerInfo{FullMethod: tamtamv1.TamTamService_Attach_FullMethodName, IsClientStream: true, IsServerStream: true}
	err := a.stream(nil, &oneRequest{ctx: context.Background()}, info, func(_ any, s grpc.ServerStream) error {
		return s.RecvMsg(offered(false, "web"))
	})
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if err != nil || len(lines) != 2 || !strings.Contains(lines[0], `name:\"web\"`) || !strings.Contains(lines[0], "port:8080") || !strings.Contains(lines[0], "result=begun") {
		t.Errorf("%v, %q", err, lines)
	}
}

// TestAttachAuditChanges: services that follow the first ones have a line as well.
func TestAttachAuditChanges(t *testing.T) {
	first := offered(false, "web")
	failing := offered(true, "web")
	failing.Services[0].Weight = 7
	port := offered(false, "web")
	port.Services[0].Port = 22
	more := offered(false, "web", "db")
	var all []string
	audited := &auditedStream{ServerStream: &oneRequest{ctx: t.Context()}, line: func(req any, result string) {
		all = append(all, result+" "+arguments(req.(*tamtamv1.AttachRequest)))
	}}
	for _, r := range []*tamtamv1.AttachRequest{first, failing, port, port, more} {
		if err := audited.RecvMsg(r); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) != 3 || !strings.HasPrefix(all[0], "begun") || !strings.HasPrefix(all[1], "changed") ||
		!strings.Contains(all[1], "port:22") || !strings.Contains(all[2], `name:"db"`) || audited.request != any(more) {
		t.Errorf("%q", all)
	}
}

// TestMembersByService: only members that offer the service, whatever its port and protocol.
func TestMembersByService(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	f.table.Retag(alice, "service/dns=53/udp\nservice/web=8080/tcp/5\n")
	for name, want := range map[string]int{"web": 1, "dns": 1, "db": 0, "": 2} {
		r, err := c.ListMembers(within(t), &tamtamv1.ListMembersRequest{Filter: &tamtamv1.MemberFilter{Service: name}})
		if err != nil || len(r.GetMembers()) != want {
			t.Errorf("%q: %v, %v", name, r.GetMembers(), err)
		}
	}
	_, err := c.ListMembers(within(t), &tamtamv1.ListMembersRequest{Filter: &tamtamv1.MemberFilter{Service: "W"}})
	code(t, err, codes.InvalidArgument)
}
