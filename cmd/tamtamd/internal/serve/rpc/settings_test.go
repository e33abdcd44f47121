// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/retained"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/leases"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/internal/operator"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func TestSettings(t *testing.T) {
	f, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)
	level := func(l tamtamv1.LogLevel) *tamtamv1.LogLevel { return &l }

	for i, l := range levels {
		r, err := c.UpdateSettings(ctx, &tamtamv1.UpdateSettingsRequest{LogLevel: level(tamtamv1.LogLevel(i + 1))})
		if err != nil || f.level != l || r.GetSettings().GetLogLevel() != tamtamv1.LogLevel(i+1) {
			t.Errorf("level %v: %v, %v", l, r, err)
		}
	}
	r, err := c.UpdateSettings(ctx, &tamtamv1.UpdateSettingsRequest{Heartbeat: durationpb.New(time.Second)})
	if err != nil || f.heartbeat != time.Second || r.GetSettings().GetHeartbeat().AsDuration() != time.Second {
		t.Errorf("heartbeat: %v, %v", r, err)
	}
	if g, err := c.GetSettings(ctx, &tamtamv1.GetSettingsRequest{}); err != nil || g.GetSettings().GetHeartbeat().AsDuration() != time.Second {
		t.Errorf("GetSettings: %v, %v", g, err)
	}

	// All or nothing.
	f.level = logging.Info
	for _, bad := range []*tamtamv1.UpdateSettingsRequest{
		{Heartbeat: durationpb.New(2 * time.Second), LogLevel: level(0)},
		{Heartbeat: durationpb.New(2 * time.Second), LogLevel: level(7)},
		{Heartbeat: &durationpb.Duration{Seconds: 1, Nanos: -1}, LogLevel: level(1)},
	} {
		_, err := c.UpdateSettings(ctx, bad)
		code(t, err, codes.InvalidArgument)
	}
	f.err = node.ErrHeartbeat
	_, err = c.UpdateSettings(ctx, &tamtamv1.UpdateSettingsRequest{Heartbeat: durationpb.New(time.Hour), LogLevel: level(1)})
	code(t, err, codes.InvalidArgument)
	if f.heartbeat != time.Second || f.level != logging.Info {
		t.Errorf("changed all the same: %v, %v", f.heartbeat, f.level)
	}
}

// TestErrors lists every error of the domain with its code and reason.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		err    error
		code   codes.Code
		reason string
	}{
		{errInvalid, codes.InvalidArgument, "INVALID_REQUEST"},
		{node.ErrBadAddress, codes.InvalidArgument, "BAD_ADDRESS"},
		{node.ErrUnresolved, codes.InvalidArgument, "UNRESOLVED"},
		{node.ErrHeartbeat, codes.InvalidArgument, "BAD_HEARTBEAT"},
		{broadcast.ErrTopic, codes.InvalidArgument, "BAD_TOPIC"},
		{rpcguard.ErrTooMany, codes.ResourceExhausted, "TOO_MANY_CALLS"},
		{rpcguard.ErrUnauthenticated, codes.Unauthenticated, "UNAUTHENTICATED"},
		{operator.ErrUnsigned, codes.PermissionDenied, "UNSIGNED"},
		{rpcguard.ErrDenied, codes.PermissionDenied, "READ_ONLY_TOKEN"},
		{errRemoved, codes.FailedPrecondition, "REMOVED"},
		{broadcast.ErrTooFew, codes.FailedPrecondition, "TOO_FEW_MEMBERS"},
		{broadcast.ErrUnaddressable, codes.FailedPrecondition, "UNADDRESSABLE"},
		{broadcast.ErrBusy, codes.ResourceExhausted, "BUSY"},
		{broadcast.ErrTooLarge, codes.InvalidArgument, "PAYLOAD_TOO_LARGE"},
		{node.ErrNotMember, codes.NotFound, "NOT_MEMBER"},
		{node.ErrForeign, codes.FailedPrecondition, "FOREIGN_CLUSTER"},
		{node.ErrNotAllowed, codes.FailedPrecondition, "NOT_ALLOWED"},
		{node.ErrLive, codes.FailedPrecondition, "MEMBER_LIVE"},
		{node.ErrSelf, codes.FailedPrecondition, "SELF"},
		{node.ErrTooMany, codes.ResourceExhausted, "TOO_MANY"},
		{broadcast.ErrCursor, codes.InvalidArgument, "BAD_CURSOR"},
		{broadcast.ErrTooManyPositions, codes.ResourceExhausted, "TOO_MANY_READERS"},
		{filter.ErrPattern, codes.InvalidArgument, "BAD_PATTERN"},
		{filter.ErrTooMany, codes.InvalidArgument, "INVALID_REQUEST"},
		{retained.ErrInvalid, codes.InvalidArgument, "BAD_RETAINED"},
		{retained.ErrTooFew, codes.FailedPrecondition, "TOO_FEW_MEMBERS"},
		{retained.ErrClock, codes.FailedPrecondition, "CLOCKS_DIFFER"},
		{retained.ErrFull, codes.ResourceExhausted, "RETAINED_FULL"},
		{retained.ErrBusy, codes.ResourceExhausted, "BUSY"},
		{ask.ErrInvalid, codes.InvalidArgument, "BAD_QUERY"},
		{recipients.ErrBad, codes.InvalidArgument, "BAD_RECIPIENTS"},
		{reach.ErrBad, codes.InvalidArgument, "BAD_LINKS"},
		{recipients.ErrUnknown, codes.NotFound, "NOT_MEMBER"},
		{ask.ErrTooMany, codes.ResourceExhausted, "TOO_MANY_QUERIES"},
		{leases.ErrTaken, codes.AlreadyExists, "SERVICE_TAKEN"},
		{services.ErrBad, codes.InvalidArgument, "BAD_SERVICE"},
		{errSilent, codes.DeadlineExceeded, "SILENT"},
		{tags.ErrBad, codes.InvalidArgument, "BAD_TAG"},
		{keyring.ErrNoKeyring, codes.FailedPrecondition, "NO_KEYRING"},
		{keyring.ErrBadKey, codes.InvalidArgument, "BAD_KEY"},
		{keyring.ErrUnknownKey, codes.NotFound, "UNKNOWN_KEY"},
		{keys.ErrClear, codes.FailedPrecondition, "ENCRYPTION_NOT_REQUIRED"},
		{keys.ErrNotEverywhere, codes.FailedPrecondition, "KEY_NOT_EVERYWHERE"},
		{node.ErrNoAnswer, codes.DeadlineExceeded, "NO_ANSWER"},
		{fanout.ErrOverflow, codes.ResourceExhausted, "READER_TOO_SLOW"},
		{fanout.ErrClosed, codes.Unavailable, "STOPPING"},
		{context.DeadlineExceeded, codes.DeadlineExceeded, "DEADLINE"},
		{context.Canceled, codes.Canceled, "CANCELED"},
		{errors.New("anything else"), codes.Internal, "INTERNAL"},
	} {
		err := toStatus(fmt.Errorf("do it: %w", c.err))
		s, _ := status.FromError(err)
		if s.Code() != c.code || s.Message() != "do it: "+c.err.Error() {
			t.Errorf("%v: %v %q, want %v", c.err, s.Code(), s.Message(), c.code)
		}
		if len(s.Details()) != 1 {
			t.Errorf("%v has details %v", c.err, s.Details())
			continue
		}
		if info, ok := s.Details()[0].(*errdetails.ErrorInfo); !ok || info.GetReason() != c.reason || info.GetDomain() != "tamtam" {
			t.Errorf("%v: %v, want %s", c.err, s.Details(), c.reason)
		}
	}
	if toStatus(nil) != nil {
		t.Error("nil is an error")
	}
}

// TestErrorsAreAllMapped: each sentinel has a code here.
func TestErrorsAreAllMapped(t *testing.T) {
	if want := 48; len(mapping) != want {
		t.Errorf("%d errors are mapped, %d are tested", len(mapping), want)
	}
}
