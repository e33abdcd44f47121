// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"testing"
)

// TestDistrust: gRPC's words for what may be wrong with a connection, and whether a
// watch goes on trying.
func TestDistrust(t *testing.T) {
	for _, c := range []struct {
		message   string
		encrypted bool
		found     bool
		again     bool
	}{
		{`connection error: desc = "error reading server preface: EOF"`, false, true, true},
		{`connection error: desc = "error reading server preface: remote error: tls: certificate required"`, true, true, false},
		{"write tcp 127.0.0.1:1->127.0.0.1:2: write: broken pipe", true, true, true},
		{`connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate has expired"`, true, true, false},
		{"error reading from server: read tcp 127.0.0.1:1: connection reset by peer", false, false, false},
		{"error reading from server: EOF", true, false, false},
		{"the node is stopping", true, false, false},
	} {
		why, passing := distrust(c.message, c.encrypted)
		if (why != "") != c.found {
			t.Errorf("%s: %q", c.message, why)
		}
		if c.found && Retryable(&DistrustError{"a:1", why, passing}) != c.again {
			t.Errorf("%s: is retryable: %v", c.message, !c.again)
		}
	}
}
