// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os/exec"
	"testing"
	"time"
)

// TestHogLoopEndsByItself: whatever becomes of the lab, the machine is free again.
func TestHogLoopEndsByItself(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	c := exec.Command(sh, "-c", hogLoop, "sh", "1")
	began := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer late.Stop()
	if err := c.Wait(); err != nil {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
}
