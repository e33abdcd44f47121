// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVulncheck: scripts/vulncheck.sh fails if a module of ours has a vulnerability at our version,
// passes if an older version has it, and says that it was skipped if there is no database.
func TestVulncheck(t *testing.T) {
	if _, err := os.Stat(".bin/govulncheck"); err != nil {
		t.Skipf("%v: run make .bin/stamp", err)
	}
	entry := func(fixed string) string {
		return fmt.Sprintf(`{"schema_version":"1.3.1","id":"GO-1999-0001","modified":"2020-01-01T00:00:00Z","published":"2020-01-01T00:00:00Z",
"summary":"made up","details":"made up","database_specific":{"url":"https://example.com/GO-1999-0001"},"affected":[{"package":{"name":"github.com/peterbourgon/ff/v3","ecosystem":"Go"},
"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}%s]}],"ecosystem_specific":{"imports":[{"path":"github.com/peterbourgon/ff/v3/ffcli"}]}}]}`, fixed)
	}
	run := func(env ...string) (string, error) {
		cmd := exec.Command("scripts/vulncheck.sh", ".")
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, c := range []struct {
		name, entry string
		fails       bool
		says        string
	}{
		{"ours has one", entry(""), true, "GO-1999-0001"},
		{"an older version has one", entry(`,{"fixed":"0.0.1"}`), false, ".: no known vulnerability"},
		{"no such directory", "", true, "no such file or directory"},
	} {
		db := filepath.Join(t.TempDir(), "osv")
		if c.entry != "" {
			if err := os.Mkdir(db, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(db, "GO-1999-0001.json"), []byte(c.entry), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := run("GOVULNDB=file://" + filepath.ToSlash(db)); (err != nil) != c.fails || !strings.Contains(out, c.says) {
			t.Errorf("%s: %v, want %q:\n%s", c.name, err, c.says, out)
		}
	}
	for _, require := range []string{"", "require"} {
		out, err := run("GOVULNDB=", "GOPROXY=off", "GOMODCACHE="+t.TempDir(), "VULNCHECK="+require)
		if (err != nil) != (require != "") || !strings.Contains(out, "vulncheck: skipped: the pinned database cannot be had") {
			t.Errorf("no database, VULNCHECK=%s: %v\n%s", require, err, out)
		}
	}
}
