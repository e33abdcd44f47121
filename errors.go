// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/settings"
)

// Error is what a call came to. All errors of this package's methods are of this type.
type Error struct {
	// Reason is why; empty if the daemon, or what stands between, gave none.
	Reason Reason
	// Code is the gRPC code. Codes.Unavailable means that no daemon serves the call.
	Code codes.Code
	// Message is for people. It names settings by their variables.
	Message string

	cause error
}

func (e *Error) Error() string { return e.Message }

// Is makes errors.Is compare the reason; and, with errors of package context, whether a deadline was over
// or the call was cancelled.
func (e *Error) Is(target error) bool {
	switch target {
	case context.DeadlineExceeded:
		return e.Code == codes.DeadlineExceeded
	case context.Canceled:
		return e.Code == codes.Canceled
	}
	reason, ok := target.(Reason)
	return ok && reason == e.Reason
}

// Unwrap returns what the error was made from.
func (e *Error) Unwrap() error { return e.cause }

// GRPCStatus makes status.FromError return the status of the daemon, with its details.
func (e *Error) GRPCStatus() *status.Status {
	if s, ok := status.FromError(e.cause); ok && e.cause != nil {
		return s
	}
	return status.New(e.Code, e.Message)
}

// Retryable reports whether another attempt may succeed after an error: the daemon is not there, has too
// much to do, or the time was over. It will not if the daemon refused for good, or the fault is at this end.
func Retryable(err error) bool {
	var e *Error
	if errors.As(err, &e) {
		return dial.Retryable(e.cause)
	}
	return dial.Retryable(err)
}

// wrap returns an error of this package; nil for nil.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	e := &Error{cause: err, Message: variables.Replace(dial.Describe(err)), Code: codes.Unknown}
	var mine *Error
	var unreachable *dial.UnreachableError
	var gone *dial.GoneError
	var distrusted *dial.DistrustError
	switch {
	case errors.As(err, &mine):
		return mine
	case errors.As(err, &unreachable), errors.As(err, &gone):
		e.Reason, e.Code = ErrUnreachable, codes.Unavailable
	case errors.As(err, &distrusted):
		e.Reason, e.Code = ErrDistrust, codes.Unavailable
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Code = status.FromContextError(err).Code()
	default:
		if s, ok := status.FromError(err); ok {
			e.Code, e.Reason, e.Message = s.Code(), reasonOf(s), callVariables.Replace(s.Message())
		}
	}
	return e
}

// The names of ErrorInfo, a detail of a status. Its Go type is not used: with all that belongs to it, it is
// larger than the rest of this package.
const (
	errorInfo    = "type.googleapis.com/google.rpc.ErrorInfo"
	reasonField  = 1
	domainField  = 2
	reasonDomain = "tamtam"
)

// reasonOf returns the reason in the ErrorInfo of a status; empty if it has none of this domain.
func reasonOf(s *status.Status) Reason {
	for _, detail := range s.Proto().GetDetails() {
		if detail.GetTypeUrl() != errorInfo {
			continue
		}
		var texts [domainField + 1]string
		for b := detail.GetValue(); len(b) > 0; {
			number, kind, n := protowire.ConsumeTag(b)
			if n < 0 {
				break
			}
			size := protowire.ConsumeFieldValue(number, kind, b[n:])
			if size < 0 {
				break
			}
			if kind == protowire.BytesType && (number == reasonField || number == domainField) {
				text, _ := protowire.ConsumeBytes(b[n:])
				texts[number] = string(text)
			}
			b = b[n+size:]
		}
		if texts[domainField] == reasonDomain {
			return Reason(texts[reasonField])
		}
	}
	return ""
}

// callVariables replaces those flags of tamtamctl that errors of calls name by what sets the same for this
// package. The daemon has other flags that begin with --rpc.
var callVariables = strings.NewReplacer(
	"with --rpc-token-file", "with "+settings.EnvName("rpc-token-file"),
	"with --timeout", "by WithTimeout",
)

// variables replaces all of them, in errors of connections. Longer names come first.
var variables = strings.NewReplacer(
	"--rpc-client-cert", settings.EnvName("rpc-client-cert"),
	"--rpc-client-key", settings.EnvName("rpc-client-key"),
	"--rpc-server-name", settings.EnvName("rpc-server-name"),
	"--rpc-token-file", settings.EnvName("rpc-token-file"),
	"--rpc-insecure", settings.EnvName("rpc-insecure"),
	"--rpc-tls", settings.EnvName("rpc-tls"),
	"--rpc-ca", settings.EnvName("rpc-ca"),
	"that tamtamd has as --rpc", "that tamtamd has as --rpc", // the daemon's own
	"--rpc", settings.EnvName("rpc"),
)
