// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckOfHiddenCredentials: what only the daemon sees does not fail the check, and is told;
// a file that nobody made does fail it.
func TestCheckOfHiddenCredentials(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "unit")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir+"/")
	keyring := filepath.Join(dir, "keyring")
	args := []string{"--config=", "--check", "--keyring-file", keyring}
	var out, errs strings.Builder
	if code := Main(args, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), keyring) {
		t.Errorf("no such credential: %d, %q", code, errs.String())
	}
	if os.Geteuid() == 0 {
		t.Skip("nothing is hidden from root; the test of the packages hides it by systemd")
	}
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	errs.Reset()
	if code := Main(args, &out, &errs); code != exitDone || out.String() != "ok\n" || !strings.Contains(errs.String(), keyring+" is not checked") {
		t.Errorf("%d, %q, %q", code, out.String(), errs.String())
	}
}
