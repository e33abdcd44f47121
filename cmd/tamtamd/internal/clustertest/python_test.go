// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// python returns a Python that has what package tamtam for Python needs, or skips the test. A machine may have
// several, of which one has the libraries.
func python(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(p, "-c", "import grpc, google.protobuf").Run() == nil {
			return p
		}
	}
	t.Skip("not tried: no Python with grpcio and protobuf")
	return ""
}

// TestPython runs the tests of the Python package, which start daemons of their own.
func TestPython(t *testing.T) {
	cmd := exec.Command(python(t), "-m", "unittest", "discover", "-v", "-t", ".", "-s", "tests")
	cmd.Dir = root + "clients/python"
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "TAMTAMD="+program(bin, "tamtamd"))
	cmd.WaitDelay = Timeout
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "test_watch") {
		t.Errorf("its tests were not found:\n%s", out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "skipped") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
