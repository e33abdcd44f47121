// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestAuditNamesWhoAsked: by the process at a unix socket, and by the name of a token, whatever
// the threshold of the log is.
func TestAuditNamesWhoAsked(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux shows who is at the other end of a socket")
	}
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "token"), filepath.Join(dir, "s")
	if err := os.WriteFile(file, []byte("old-0123456789abcdef laptop\nnew-0123456789abcdef ci\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(dir, "second")
	if err := os.WriteFile(second, []byte("new-0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := StartDaemon(t, bin, nil, "--rpc", "unix://"+socket, "--rpc-token-file", file)
	other := StartDaemon(t, bin, nil, "--join", d.Gossip.String())
	ctl := func(tokens string, args ...string) Result {
		return Ctl(t, bin, []string{"TAMTAM_RPC=unix://" + socket, "TAMTAM_RPC_TOKEN_FILE=" + tokens}, "", args...)
	}
	who := fmt.Sprintf(`"uid":%d`, os.Getuid())
	for _, c := range []struct {
		args, method, token string
		code                int
	}{
		{"configure threshold off", "UpdateSettings", "laptop", 0},
		{"tags set role=web", "UpdateTags", "ci", 0},
		{"broadcast secret-payload", "Broadcast", "laptop", 0},
		{"remove " + d.Gossip.String(), "RemoveMember", "ci", 5},
	} {
		tokens := file
		if c.token == "ci" {
			tokens = second
		}
		if r := ctl(tokens, strings.Fields(c.args)...); r.Code != c.code {
			t.Errorf("%s: %+v", c.args, r)
		}
		Eventually(t, c.args+" has a line", func() bool {
			for line := range strings.Lines(d.out.String()) {
				if strings.Contains(line, `"audit"`) && strings.Contains(line, c.method) && strings.Contains(line, who) &&
					strings.Contains(line, `"token":"`+c.token+`"`) && strings.Contains(line, `"pid":`) {
					return true
				}
			}
			return false
		})
	}
	// The history of a member names who removed it.
	Eventually(t, "it is removed", func() bool { return ctl(second, "leave", other.Gossip.String()).Code == 0 })
	if r := ctl(file, "why", other.Gossip.String()); !strings.Contains(r.Out, fmt.Sprintf("asked by unix uid=%d pid=", os.Getuid())) || !strings.Contains(r.Out, "token=ci\n") {
		t.Errorf("%+v", r)
	}
	for range 3 {
		if r := ctl(second, "broadcast", "x"); r.Code != 0 {
			t.Errorf("%+v", r)
		}
	}
	if r := ctl(file, "leave"); r.Code != 0 {
		t.Errorf("%+v", r)
	}
	d.Wait()
	if out := d.out.String(); !strings.Contains(out, `"calls":2`) {
		t.Errorf("it logged no count at the end: %s", out)
	}
	if out := d.out.String(); !strings.Contains(out, `"method":"Leave"`) || strings.Contains(out, "secret-payload") || strings.Contains(out, "0123456789") {
		t.Errorf("it logged %s", out)
	}
}
