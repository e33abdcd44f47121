// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// UnreachableError: no daemon serves gRPC at the address.
type UnreachableError struct{ Address, Cause string }

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("no tamtamd answers at %s (%s): start tamtamd, or give its address with --rpc", e.Address, e.Cause)
}

// GoneError: the daemon ended during a stream.
type GoneError struct{ Address string }

func (e *GoneError) Error() string { return fmt.Sprintf("the tamtamd at %s has ended", e.Address) }

// DistrustError: client and daemon do not speak the same protocol, or one does not trust the
// other.
type DistrustError struct {
	Address, Cause string
	// Passing: the cause may be another one, which passes: a daemon that is stopping, or
	// has too many connections.
	Passing bool
}

func (e *DistrustError) Error() string {
	return fmt.Sprintf("no secure connection with the program at %s: %s", e.Address, e.Cause)
}

// Retryable reports whether another attempt may help after an error. It does not if the
// daemon refused, or the fault is at this end.
func Retryable(err error) bool {
	var unreachable *UnreachableError
	var gone *GoneError
	if errors.As(err, &unreachable) || errors.As(err, &gone) {
		return true
	}
	var distrusted *DistrustError
	if errors.As(err, &distrusted) {
		return distrusted.Passing
	}
	s, ok := status.FromError(err)
	if !ok {
		return false
	}
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted,
		codes.Canceled, codes.Internal, codes.Unknown: // of a connection that broke, too
		return true
	default:
		return false
	}
}

// Describe returns the text of an error, without its gRPC code.
func Describe(err error) string {
	if s, ok := status.FromError(err); ok {
		return s.Message()
	}
	return err.Error()
}

// Briefly is Describe, without what a user could do about it.
func Briefly(err error) string {
	var unreachable *UnreachableError
	if errors.As(err, &unreachable) {
		return unreachable.Cause
	}
	return Describe(err)
}
