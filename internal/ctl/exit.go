// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/attach"
	"github.com/eelcocramer/tamtam/internal/ctl/query"
	"github.com/eelcocramer/tamtam/internal/exitcode"
)

// exit prints an error, once, and returns its exit code.
func exit(ctx context.Context, stderr io.Writer, err error) int {
	var usage *arg.UsageError
	var missing *missingError
	var apart *apartError
	var line *lineError
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
	text, code := "", exitcode.Done
	switch {
	case err == nil:
		return exitcode.Done
	case errors.As(err, &ended):
		return ended.Code
	case line == nil && (errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)):
		// The reader has closed the pipe, as head does. It is an error only if lines
		// of stdin are left that were not sent.
		return exitcode.Done
	case errors.Is(err, errUnready):
		return exitcode.Failed
	case errors.As(err, &usage):
		text, code = usage.Error(), exitcode.Usage
	case ctx.Err() != nil:
		// Whether the call was done is not known: a script must not go on.
		where, text, code = "", "interrupted", exitcode.Failed
	case errors.As(err, &unknown), errors.As(err, &nothing):
		text, code = err.Error(), exitcode.Nothing
	case errors.As(err, &ambiguous), errors.As(err, &refused):
		text, code = err.Error(), exitcode.Refused
	case errors.As(err, &unmeasured):
		text, code = err.Error(), exitcode.Nothing
		if unmeasured.silent {
			code = exitcode.Deadline
		}
	case errors.Is(err, query.ErrNobody), errors.Is(err, errNoTopic):
		text, code = err.Error(), exitcode.Nothing
	case errors.As(err, &missing), errors.As(err, &apart), errors.As(err, &silent):
		text, code = err.Error(), exitcode.Deadline
	default:
		text, code = err.Error(), exitcode.Of(err)
		if s, ok := status.FromError(err); ok {
			text = s.Message()
		}
	}
	fmt.Fprintf(stderr, "tamtamctl: %s%s\n", where, text)
	return code
}
