// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package rpcguard

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/internal/testcert"
)

// TestNobodyIsWaitedFor: a pipe, a device or a file without end stops the start, rather
// than to have it wait, or take all memory.
func TestNobodyIsWaitedFor(t *testing.T) {
	ca := testcert.NewAuthority(t)
	node := ca.Issue(t, time.Hour)
	dir := t.TempDir()
	pipe, huge := filepath.Join(dir, "pipe"), filepath.Join(dir, "huge")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<40); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, "/dev/zero", huge, dir} {
		for flag, cfg := range map[string]Config{
			"--rpc-cert":            {Cert: path, Key: node.Key},
			"--rpc-key":             {Cert: node.Cert, Key: path},
			"--rpc-client-ca":       {Cert: node.Cert, Key: node.Key, ClientCA: path},
			"--rpc-token-file":      {TokenFile: path},
			"--rpc-read-token-file": {ReadTokenFile: path},
		} {
			cfg.Logger = log.NewLogfmtLogger(io.Discard)
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), flag) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s %s: %v", flag, path, err)
			}
		}
	}
}

// TestModeOfALink: a link in place of the socket does not have its target opened to the
// group.
func TestModeOfALink(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "rpc.sock")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if _, err := ensureMode(link); err == nil {
		t.Error("taken for the socket")
	}
	if st, err := os.Stat(target); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the target: %v, %v", st.Mode(), err)
	}
}
