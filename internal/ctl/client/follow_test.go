// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestFollowing: which errors end a watch, and which a monitor.
func TestFollowing(t *testing.T) {
	slow := status.Error(codes.ResourceExhausted, "reader fell behind")
	for _, c := range []struct {
		err                   error
		slow                  bool
		overRestarts, whileUp bool
	}{
		{slow, true, true, true},
		{slow, false, true, false}, // refused at once, with nothing seen
		{&GoneError{Address: "a:1"}, false, true, false},
		{status.Error(codes.PermissionDenied, "not you"), false, false, false},
	} {
		if over, up := OverRestarts(c.err, c.slow), WhileUp(c.err, c.slow); over != c.overRestarts || up != c.whileUp {
			t.Errorf("%v, slow %v: %v, %v", c.err, c.slow, over, up)
		}
	}
}
