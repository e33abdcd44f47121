// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testSystemd boots a systemd of its own, on a copy of this machine's files that takes all
// changes, without a network, and has it run testdata/systemd.sh.
func testSystemd(t *testing.T, out string) {
	for _, program := range []string{"systemd-nspawn", "dpkg", "setpriv", "openssl"} {
		need(t, program)
	}
	if os.Geteuid() != 0 {
		t.Skip("not tried: only root boots a container")
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"root", "up", "work", "result"} {
		if err := os.Mkdir(at(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	mount := exec.Command("mount", "-t", "overlay", "overlay", "-o", "lowerdir=/,upperdir="+at("up")+",workdir="+at("work"), at("root"))
	if text, err := mount.CombinedOutput(); err != nil {
		t.Skipf("not tried: no overlay here: %v: %s", err, text)
	}
	t.Cleanup(func() { must(t, "umount", at("root")) })
	unit := `[Unit]
Description=Try the packages of TamTam
After=basic.target
[Service]
Type=oneshot
ExecStart=/bin/bash /result/systemd.sh
`
	for name, from := range map[string]string{
		"result/systemd.sh":    filepath.Join("testdata", "systemd.sh"),
		"result/tamtamd.deb":   one(t, out, "tamtamd_*.deb"),
		"result/tamtamctl.deb": one(t, out, "tamtamctl_*.deb"),
	} {
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(at(name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(at("root/etc/systemd/system/tamtam-try.service"), []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	boot := exec.CommandContext(ctx, "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--directory="+at("root"),
		"--private-network", "--link-journal=no", "--bind="+at("result")+":/result", "--boot", "systemd.unit=tamtam-try.service")
	console, err := boot.CombinedOutput()
	log, _ := os.ReadFile(at("result/log")) // empty if it did not get that far
	if len(log) == 0 {
		t.Skipf("not tried: no systemd boots in a container here: %v\n%s", err, console)
	}
	t.Logf("%s", log)
	if !strings.Contains(string(log), "all is well") {
		journal, _ := os.ReadFile(at("result/journal"))
		t.Errorf("%v\n%s", err, journal)
	}
}
