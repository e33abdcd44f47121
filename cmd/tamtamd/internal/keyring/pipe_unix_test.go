// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package keyring

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipe: nobody may ever write to it, so the start does not wait for that.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path+" is not a file") {
		t.Errorf("a pipe: %v", err)
	}
}
