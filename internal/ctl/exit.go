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

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/attach"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/query"
)

// Exit codes. Scripts rely on them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNothing     = 3
	exitUnreachable = 4
	exitRefused     = 5
	exitDeadline    = 6
)

// exit prints an error, once, and returns its exit code.
func exit(ctx context.Context, stderr io.Writer, err error) int {
	var usage *arg.UsageError
	var unreachable *client.UnreachableError
	var gone *client.GoneError
	var missing *missingError
	var apart *apartError
	var line *lineError
	var distrusted *client.DistrustError
	var ambiguous *arg.AmbiguousError
	var unknown *arg.UnknownError
	var nothing *nothingError
	var refused *refusedError
	var silent *query.SilentError
	var unmeasured *unmeasuredError
	var ended *attach.ExitError
	where := ""
	if errors.As(err, &line) {
		where, err = fmt.Sprintf("line %d: ", line.number), line.err
	}
	text, code := "", exitDone
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &ended):
		return ended.Code
	case line == nil && (errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)):
		// The reader has closed the pipe, as head does. It is an error only if lines
		// of stdin are left that were not sent.
		return exitDone
	case errors.Is(err, errUnready):
		return exitFailed
	case errors.As(err, &usage):
		text, code = usage.Error(), exitUsage
	case ctx.Err() != nil:
		// Whether the call was done is not known: a script must not go on.
		where, text, code = "", "interrupted", exitFailed
	case errors.As(err, &unreachable), errors.As(err, &gone):
		text, code = err.Error(), exitUnreachable
	case errors.As(err, &unknown), errors.As(err, &nothing):
		text, code = err.Error(), exitNothing
	case errors.As(err, &distrusted), errors.As(err, &ambiguous), errors.As(err, &refused):
		text, code = err.Error(), exitRefused
	case errors.As(err, &unmeasured):
		text, code = err.Error(), exitNothing
		if unmeasured.silent {
			code = exitDeadline
		}
	case errors.Is(err, query.ErrNobody), errors.Is(err, errNoTopic):
		text, code = err.Error(), exitNothing
	case errors.As(err, &missing), errors.As(err, &apart), errors.As(err, &silent):
		text, code = err.Error(), exitDeadline
	default:
		// The one place where a status is read.
		if s, ok := status.FromError(err); ok {
			text, code = s.Message(), exitCode(s.Code())
		} else {
			text, code = err.Error(), exitFailed
		}
	}
	fmt.Fprintf(stderr, "tamtamctl: %s%s\n", where, text)
	return code
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
