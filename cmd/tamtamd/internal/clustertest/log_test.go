// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestLogReaderGone: a daemon whose log nobody reads any more runs on, and counts what is lost.
func TestLogReaderGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("windows has no SIGPIPE")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(bin, "tamtamd"), "--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0", "--log-format", "json", "--heartbeat", "200ms")
	cmd.Env, cmd.Stderr = environ(t.TempDir(), nil), w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	_ = w.Close()
	var at struct{ Gossip, RPC string }
	for lines := bufio.NewScanner(r); at.RPC == "" && lines.Scan(); {
		_ = json.Unmarshal(lines.Bytes(), &at)
	}
	_ = r.Close()

	other := StartDaemon(t, bin, nil, "--join", at.Gossip)
	lost := func() string {
		got := Ctl(t, bin, []string{"TAMTAM_RPC=" + at.RPC}, "", "-o", "json", "stats")
		if got.Code != 0 {
			t.Fatalf("the daemon does not answer: %+v", got)
		}
		var m map[string]json.Number
		if err := json.Unmarshal([]byte(got.Out), &m); err != nil {
			t.Fatalf("%v: %s", err, got.Out)
		}
		return m["log_lines_lost"].String()
	}
	other.Kill() // worth a line
	Eventually(t, "lines are lost", func() bool { n := lost(); return n != "" && n != "0" })
	if r := Ctl(t, bin, []string{"TAMTAM_RPC=" + at.RPC}, "", "nodes"); r.Code != 0 || !strings.Contains(r.Out, "127.0.0.1") {
		t.Errorf("nodes: %+v", r)
	}
	select {
	case <-ended:
		t.Error("the daemon has ended")
	default:
	}
}
