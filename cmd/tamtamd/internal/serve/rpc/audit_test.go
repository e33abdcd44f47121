// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestAudit: each call that changes something has a line, which has no payload and no key.
func TestAudit(t *testing.T) {
	warn := tamtamv1.LogLevel_LOG_LEVEL_WARN
	const secret = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		method string
		req    any
		err    error
		want   string // empty: no line
	}{
		{tamtamv1.TamTamService_ListMembers_FullMethodName, &tamtamv1.ListMembersRequest{}, nil, ""},
		{"/grpc.health.v1.Health/Check", &tamtamv1.LeaveRequest{}, nil, ""},
		{tamtamv1.TamTamService_RemoveMember_FullMethodName, &tamtamv1.RemoveMemberRequest{Address: "192.0.2.1"}, nil, `method=RemoveMember arguments="address=192.0.2.1" peer=unknown result=OK`},
		{tamtamv1.TamTamService_RemoveMember_FullMethodName, &tamtamv1.RemoveMemberRequest{Address: "x\n"}, status.Error(codes.NotFound, "no"), `method=RemoveMember arguments="address=x\n" peer=unknown result=NotFound`},
		{tamtamv1.TamTamService_Join_FullMethodName, &tamtamv1.JoinRequest{Addresses: []string{"a", "b"}}, errors.New("no"), `method=Join arguments="addresses=[a b]" peer=unknown result=Unknown`},
		{tamtamv1.TamTamService_UpdateSettings_FullMethodName, &tamtamv1.UpdateSettingsRequest{LogLevel: &warn, Heartbeat: durationpb.New(time.Second)}, nil, `log_level=LOG_LEVEL_WARN`},
		{tamtamv1.TamTamService_UpdateTags_FullMethodName, &tamtamv1.UpdateTagsRequest{Set: map[string]string{"b": "2", "a": "1"}, Delete: []string{"c"}}, nil, `arguments="delete=[c] set=[a:1 b:2]"`},
		{tamtamv1.TamTamService_InstallKey_FullMethodName, &tamtamv1.InstallKeyRequest{Key: []byte(secret)}, nil, `arguments="key=32 bytes"`},
		{tamtamv1.TamTamService_Broadcast_FullMethodName, &tamtamv1.BroadcastRequest{Topic: "deploy", Payload: []byte(secret)}, nil, `arguments="payload=32 bytes topic=deploy"`},
		{service.TamTam_SetLogThreshold_FullMethodName, &service.LogLevel{}, nil, `method=SetLogThreshold`},
		{"/an.unknown/Method", &tamtamv1.LeaveRequest{}, nil, `method=Method`},
	} {
		var b bytes.Buffer
		a := newAuditor(log.NewLogfmtLogger(&b))
		handler := func(context.Context, any) (any, error) { return nil, c.err }
		if _, err := a.unary(context.Background(), c.req, &grpc.UnaryServerInfo{FullMethod: c.method}, handler); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", c.method, err)
		}
		if lines := strings.Count(b.String(), "\n"); !strings.Contains(b.String(), c.want) || lines != min(len(c.want), 1) {
			t.Errorf("%s: %q, want %q", c.method, b.String(), c.want)
		}
		if strings.Contains(b.String(), secret) {
			t.Errorf("%s: the line has a secret", c.method)
		}
	}
}

// TestAuditOfLeave: the line is there before the daemon ends.
func TestAuditOfLeave(t *testing.T) {
	for _, method := range []string{tamtamv1.TamTamService_Leave_FullMethodName, service.TamTam_Leave_FullMethodName} {
		var b bytes.Buffer
		a := newAuditor(log.NewLogfmtLogger(&b))
		_, _ = a.unary(context.Background(), &tamtamv1.LeaveRequest{}, &grpc.UnaryServerInfo{FullMethod: method}, func(context.Context, any) (any, error) {
			if !strings.Contains(b.String(), "method=Leave peer=unknown result=begun\n") {
				t.Errorf("%s: %q", method, b.String())
			}
			return nil, nil
		})
	}
}

// TestAuditOfFrequentCalls: one line for the first, one for those of the next minute.
func TestAuditOfFrequentCalls(t *testing.T) {
	var b bytes.Buffer
	a := newAuditor(log.NewLogfmtLogger(&b))
	info := &grpc.UnaryServerInfo{FullMethod: tamtamv1.TamTamService_Broadcast_FullMethodName}
	for i := range 10 {
		_, _ = a.unary(context.Background(), &tamtamv1.BroadcastRequest{}, info, func(context.Context, any) (any, error) {
			if i == 5 {
				return nil, status.Error(codes.ResourceExhausted, "busy")
			}
			return nil, nil
		})
	}
	c := caller{info.FullMethod, rpcguard.CallerOf(context.Background())}
	if want := "msg=audit method=Broadcast peer=unknown result=OK\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	a.often[c].since = time.Now().Add(-time.Minute)
	a.flush(c)
	if want := "msg=audit method=Broadcast peer=unknown calls=9 failed=1 in=1m0s\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	// What was counted when the daemon ends has a line, too.
	b.Reset()
	a.end()
	a.count(c, nil, codes.OK)
	a.end()
	if want := "msg=audit method=Broadcast peer=unknown calls=1 failed=0 in=0s\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	a.flush(c)
	if b.Len() > 0 || len(a.often) > 0 {
		t.Errorf("%q, and %d callers stay", b.String(), len(a.often))
	}
	// Another process of a user is the same caller, on another port, too.
	for i := range 3 {
		c.who = rpcguard.Caller{Address: fmt.Sprintf("192.0.2.1:%d", 1000+i), UID: 1, PID: i}
		a.count(c, nil, codes.OK)
	}
	if len(a.often) != 1 {
		t.Errorf("%d callers, want 1", len(a.often))
	}
	// Too many callers share a line.
	for i := range maxAudited + 10 {
		c.who.UID = i
		a.count(c, nil, codes.OK)
	}
	if len(a.often) != maxAudited+1 {
		t.Errorf("%d callers are told apart", len(a.often))
	}
}
