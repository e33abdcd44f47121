// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"bytes"
	"strings"
	"testing"
)

// TestAsks: the version and the help are printed without starting, even if a value is wrong.
func TestAsks(t *testing.T) {
	for _, c := range []struct{ args, out, err string }{
		{"--version", "tamtamd ", ""},
		{"version", "tamtamd ", ""},
		{"--port x --version", "tamtamd ", ""},
		{"--help", "Join this machine", ""},
		{"-h", "Join this machine", ""},
		{"help", "Join this machine", ""},
		{"--config= --check", "ok\n", ""},
		{"--config= --log-level error -check", "ok\n", ""},
		{"--name --version --port x", "", "--port"}, // a strange name
		{"--prot 1", "", "did you mean --port?"},
	} {
		var out, errs bytes.Buffer
		code := Main(strings.Fields(c.args), &out, &errs)
		want := exitDone
		if c.err != "" {
			want = exitUsage
		}
		if code != want || !strings.HasPrefix(out.String(), c.out) || !strings.Contains(errs.String(), c.err) || c.err == "" && errs.Len() > 0 {
			t.Errorf("%s: code %d, %q, %q", c.args, code, out.String(), errs.String())
		}
	}
}
