// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import (
	"errors"
	"fmt"
	"net"
	"testing"
)

// TestLoopback: only of the name localhost, and only if it does not resolve.
func TestLoopback(t *testing.T) {
	unresolved := fmt.Errorf("dial: %w", &net.DNSError{Err: "no such host"})
	for _, c := range []struct {
		address string
		err     error
		want    string
	}{
		{"localhost:6262", unresolved, "127.0.0.1:6262"},
		{"LocalHost.:6262", unresolved, "127.0.0.1:6262"},
		{"localhost.example:6262", unresolved, ""},
		{"localhost", unresolved, ""},
		{"localhost:6262", nil, ""},
		{"localhost:6262", errors.New("refused"), ""},
	} {
		if have, ok := loopbackOf(c.address, c.err); have != c.want || ok != (c.want != "") {
			t.Errorf("%s after %v: %q, %v, want %q", c.address, c.err, have, ok, c.want)
		}
	}
}
