// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/retained"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/leases"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/internal/operator"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// errorDomain is the domain of the ErrorInfo that each status carries.
const errorDomain = "tamtam"

// errInvalid: the request is wrong in any state of the node.
var errInvalid = errors.New("invalid request")

// errRemoved: this node was removed from its cluster.
var errRemoved = errors.New("nothing was sent")

// mapping gives each sentinel its code and its reason. The first match counts, so the
// order matters for an error that wraps two sentinels.
var mapping = []struct {
	err    error
	code   codes.Code
	reason string
}{
	{errInvalid, codes.InvalidArgument, "INVALID_REQUEST"},
	{node.ErrBadAddress, codes.InvalidArgument, "BAD_ADDRESS"},
	{node.ErrUnresolved, codes.InvalidArgument, "UNRESOLVED"},
	{node.ErrHeartbeat, codes.InvalidArgument, "BAD_HEARTBEAT"},
	{broadcast.ErrTooLarge, codes.InvalidArgument, "PAYLOAD_TOO_LARGE"},
	{broadcast.ErrTopic, codes.InvalidArgument, "BAD_TOPIC"},
	{broadcast.ErrCursor, codes.InvalidArgument, "BAD_CURSOR"},
	{broadcast.ErrTooManyPositions, codes.ResourceExhausted, "TOO_MANY_READERS"},
	{rpcguard.ErrTooMany, codes.ResourceExhausted, "TOO_MANY_CALLS"},
	{rpcguard.ErrUnauthenticated, codes.Unauthenticated, "UNAUTHENTICATED"},
	{operator.ErrUnsigned, codes.PermissionDenied, "UNSIGNED"},
	{rpcguard.ErrDenied, codes.PermissionDenied, "READ_ONLY_TOKEN"},
	{errRemoved, codes.FailedPrecondition, "REMOVED"},
	{broadcast.ErrTooFew, codes.FailedPrecondition, "TOO_FEW_MEMBERS"},
	{broadcast.ErrUnaddressable, codes.FailedPrecondition, "UNADDRESSABLE"},
	{broadcast.ErrBusy, codes.ResourceExhausted, "BUSY"},
	{retained.ErrInvalid, codes.InvalidArgument, "BAD_RETAINED"},
	{retained.ErrTooFew, codes.FailedPrecondition, "TOO_FEW_MEMBERS"},
	{retained.ErrClock, codes.FailedPrecondition, "CLOCKS_DIFFER"},
	{retained.ErrFull, codes.ResourceExhausted, "RETAINED_FULL"},
	{retained.ErrBusy, codes.ResourceExhausted, "BUSY"},
	{ask.ErrInvalid, codes.InvalidArgument, "BAD_QUERY"},
	{recipients.ErrBad, codes.InvalidArgument, "BAD_RECIPIENTS"},
	{recipients.ErrUnknown, codes.NotFound, "NOT_MEMBER"},
	{reach.ErrBad, codes.InvalidArgument, "BAD_LINKS"},
	{ask.ErrTooMany, codes.ResourceExhausted, "TOO_MANY_QUERIES"},
	{filter.ErrPattern, codes.InvalidArgument, "BAD_PATTERN"},
	{filter.ErrTooMany, codes.InvalidArgument, "INVALID_REQUEST"},
	{leases.ErrTaken, codes.AlreadyExists, "SERVICE_TAKEN"},
	{services.ErrBad, codes.InvalidArgument, "BAD_SERVICE"},
	{errSilent, codes.DeadlineExceeded, "SILENT"},
	{tags.ErrBad, codes.InvalidArgument, "BAD_TAG"},
	{keyring.ErrNoKeyring, codes.FailedPrecondition, "NO_KEYRING"},
	{keyring.ErrBadKey, codes.InvalidArgument, "BAD_KEY"},
	{keyring.ErrUnknownKey, codes.NotFound, "UNKNOWN_KEY"},
	{keys.ErrClear, codes.FailedPrecondition, "ENCRYPTION_NOT_REQUIRED"},
	{keys.ErrNotEverywhere, codes.FailedPrecondition, "KEY_NOT_EVERYWHERE"},
	{node.ErrNotMember, codes.NotFound, "NOT_MEMBER"},
	{node.ErrForeign, codes.FailedPrecondition, "FOREIGN_CLUSTER"},
	{node.ErrNotAllowed, codes.FailedPrecondition, "NOT_ALLOWED"},
	{node.ErrLive, codes.FailedPrecondition, "MEMBER_LIVE"},
	{node.ErrSelf, codes.FailedPrecondition, "SELF"},
	{node.ErrTooMany, codes.ResourceExhausted, "TOO_MANY"},
	{fanout.ErrOverflow, codes.ResourceExhausted, "READER_TOO_SLOW"},
	{node.ErrNoAnswer, codes.DeadlineExceeded, "NO_ANSWER"},
	{context.DeadlineExceeded, codes.DeadlineExceeded, "DEADLINE"},
	{context.Canceled, codes.Canceled, "CANCELED"},
	{fanout.ErrClosed, codes.Unavailable, "STOPPING"},
}

// toStatus returns the gRPC status of an error, with the reason in an ErrorInfo. It
// returns nil for nil.
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	for _, m := range mapping {
		if errors.Is(err, m.err) {
			return withReason(m.code, err.Error(), m.reason)
		}
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	return withReason(codes.Internal, err.Error(), "INTERNAL")
}

func withReason(c codes.Code, message, reason string) error {
	s := status.New(c, message)
	if d, err := s.WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: errorDomain}); err == nil {
		s = d
	}
	return s.Err()
}
