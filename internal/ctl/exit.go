// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Exit codes, which scripts may rely on.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNothing     = 3
	exitUnreachable = 4
	exitRefused     = 5
	exitDeadline    = 6
)

// usageError is a command line that no state of the cluster could make right.
type usageError struct{ command, text string }

func (e *usageError) Error() string { return e.text }

// errNothing: a list has no entries. There is nothing to say about it.
var errNothing = errors.New("nothing found")

// unreachableError: nobody serves gRPC at the address.
type unreachableError struct {
	address string
	cause   string
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("no tamtamd answers at %s (%s): start tamtamd, or give its address with --rpc", e.address, e.cause)
}

// goneError: the daemon ended in the midst of a stream.
type goneError struct{ address string }

func (e *goneError) Error() string { return fmt.Sprintf("the tamtamd at %s has ended", e.address) }

// exit tells an error, once, and returns the exit code that it stands for.
func (a *app) exit(ctx context.Context, err error) int {
	var usage *usageError
	var unreachable *unreachableError
	var gone *goneError
	var missing *missingError
	var line *lineError
	var distrusted *distrustError
	where := ""
	if errors.As(err, &line) {
		where, err = fmt.Sprintf("line %d: ", line.number), line.err
	}
	switch {
	case err == nil:
		return exitDone
	case line == nil && (errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)):
		// Nobody reads on: as with | head. But where lines of stdin are left that
		// were not sent, that is not all that was asked for.
		return exitDone
	case errors.Is(err, errNothing):
		return exitNothing
	case errors.As(err, &usage):
		fmt.Fprintf(a.Err, "tamtamctl: %s%s\n%s -h tells more\n", where, usage.text, usage.command)
		return exitUsage
	case ctx.Err() != nil:
		// Whether it was done, nobody knows: a script must not go on as if.
		fmt.Fprintln(a.Err, "tamtamctl: interrupted")
		return exitFailed
	case errors.As(err, &unreachable), errors.As(err, &gone):
		fmt.Fprintf(a.Err, "tamtamctl: %s%v\n", where, err)
		return exitUnreachable
	case errors.As(err, &distrusted):
		fmt.Fprintf(a.Err, "tamtamctl: %s%v\n", where, err)
		return exitRefused
	case errors.As(err, &missing):
		fmt.Fprintf(a.Err, "tamtamctl: %s%v\n", where, err)
		return exitDeadline
	}
	// The one place where a status is read.
	s, ok := status.FromError(err)
	if !ok {
		fmt.Fprintf(a.Err, "tamtamctl: %s%v\n", where, err)
		return exitFailed
	}
	fmt.Fprintf(a.Err, "tamtamctl: %s%s\n", where, s.Message())
	return exitCode(s.Code())
}

func exitCode(c codes.Code) int {
	switch c {
	case codes.OK:
		return exitDone
	case codes.NotFound:
		return exitNothing
	case codes.Unavailable:
		return exitUnreachable
	case codes.DeadlineExceeded:
		return exitDeadline
	case codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange, codes.AlreadyExists,
		codes.PermissionDenied, codes.Unauthenticated, codes.ResourceExhausted, codes.Aborted:
		return exitRefused
	default:
		return exitFailed
	}
}
