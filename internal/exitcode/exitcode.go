// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package exitcode has the exit codes of the programs that call a daemon. Scripts rely on them.
package exitcode

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/dial"
)

const (
	Done        = 0
	Failed      = 1
	Usage       = 2
	Nothing     = 3 // nothing was found
	Unreachable = 4 // no daemon is there
	Refused     = 5
	Deadline    = 6 // it took too long
)

// Of returns the exit code of an error of a call, or of its connection; of any other error, Failed.
func Of(err error) int {
	var unreachable *dial.UnreachableError
	var gone *dial.GoneError
	var distrusted *dial.DistrustError
	switch {
	case err == nil:
		return Done
	case errors.As(err, &unreachable), errors.As(err, &gone):
		return Unreachable
	case errors.As(err, &distrusted):
		return Refused
	}
	s, _ := status.FromError(err) // code Unknown if it is none of a call
	switch s.Code() {
	case codes.NotFound:
		return Nothing
	case codes.Unavailable:
		return Unreachable
	case codes.DeadlineExceeded:
		return Deadline
	case codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange, codes.AlreadyExists,
		codes.PermissionDenied, codes.Unauthenticated, codes.ResourceExhausted, codes.Aborted:
		return Refused
	default:
		return Failed
	}
}
