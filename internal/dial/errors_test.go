// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		err       error
		retryable bool
		briefly   string
	}{
		{&UnreachableError{"a:1", "refused"}, true, "refused"},
		{fmt.Errorf("list: %w", &UnreachableError{"a:1", "refused"}), true, "refused"},
		{&GoneError{"a:1"}, true, "the tamtamd at a:1 has ended"},
		{&DistrustError{"a:1", "no TLS", false}, false, "no secure connection with the program at a:1: no TLS"},
		{&DistrustError{"a:1", "closed", true}, true, "no secure connection with the program at a:1: closed"},
		{status.Error(codes.Unavailable, "stopping"), true, "stopping"},
		{status.Error(codes.DeadlineExceeded, "late"), true, "late"},
		{status.Error(codes.ResourceExhausted, "too many"), true, "too many"},
		{status.Error(codes.Internal, "broken"), true, "broken"},
		{status.Error(codes.PermissionDenied, "not you"), false, "not you"},
		{status.Error(codes.Unauthenticated, "no token"), false, "no token"},
		{status.Error(codes.InvalidArgument, "nonsense"), false, "nonsense"},
		{io.ErrClosedPipe, false, io.ErrClosedPipe.Error()},
	} {
		if have := Retryable(c.err); have != c.retryable {
			t.Errorf("%v: retryable is %v", c.err, have)
		}
		if have := Briefly(c.err); have != c.briefly {
			t.Errorf("%v: %q, want %q", c.err, have, c.briefly)
		}
	}
}

func TestSocketCause(t *testing.T) {
	for _, c := range []struct {
		err   error
		known bool
	}{
		{nil, false},
		{errors.New("other"), false},
		{fs.ErrNotExist, true},
		{fs.ErrPermission, true},
		{fmt.Errorf("dial: %w", syscall.ECONNREFUSED), true},
	} {
		if have := socketCause(c.err); (have != "") != c.known {
			t.Errorf("%v: %q", c.err, have)
		}
	}
}
