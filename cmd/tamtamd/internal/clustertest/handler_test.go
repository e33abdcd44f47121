// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestStreamExec: a command is run for each message of its topic that is for its node, one after another,
// and may ask the daemon; when the daemon ends, the run goes on to its end.
func TestStreamExec(t *testing.T) {
	all := Cluster(t, bin, 2)
	dir := t.TempDir()
	file := filepath.Join(dir, "go")
	before := all[1].readers()
	p, _ := start(t, bin, "tamtamctl", []string{
		"stream", "--rpc", all[1].RPC, "--topic", "deploy", "--exec",
		`echo "$(cat) from $TAMTAM_MESSAGE_ORIGIN at $(` + program(bin, "tamtamctl") + ` address)"; while ! [ -e ` + file + ` ]; do sleep 0.05; done; echo end`,
	}, nil, false)
	Eventually(t, "the stream is served", func() bool { return all[1].readers() > before })
	for _, args := range [][]string{{"--topic", "other", "x"}, {"--topic", "deploy", "--to", all[0].Gossip.String(), "y"}, {"--topic", "deploy", "--to", all[1].Gossip.String(), "v1"}, {"--topic", "deploy", "v2"}} {
		if r := all[0].Ctl(append([]string{"broadcast", "--wait", "all", "--min", "0"}, args...)...); r.Code != 0 {
			t.Fatalf("%+v", r)
		}
	}
	first := "v1 from " + all[0].Gossip.String() + " at " + all[1].Gossip.String() + "\n"
	Eventually(t, "the first run prints", func() bool { return p.out.String() == first })
	all[1].Kill()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "both runs end", func() bool {
		out := p.out.String()
		return strings.HasPrefix(out, first+"end\nv2 from ") && strings.HasSuffix(out, "end\n") && strings.Count(out, "end\n") == 2
	})
	if code, _ := p.End(syscall.SIGTERM); code != 0 { // it waits for the daemon
		t.Errorf("exit code %d", code)
	}
}

// TestHangUpEndsTheCommand: a terminal that is closed ends a client with what it runs, for messages and for changes.
func TestHangUpEndsTheCommand(t *testing.T) {
	hangups := make(chan os.Signal, 1) // so that programs do not inherit that it is ignored, as below nohup
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	d := StartDaemon(t, bin, nil)
	for _, args := range [][]string{{"stream"}, {"watch", "--exec-initial"}} {
		p, _ := start(t, bin, "tamtamctl", append(args, "--rpc", d.RPC, "--exec", "echo $$; exec sleep 1000"), nil, false)
		Eventually(t, "it runs the command", func() bool {
			if args[0] == "stream" && p.out.String() == "" {
				d.Ctl("broadcast", "x") // perhaps before it is served
			}
			return strings.HasSuffix(p.out.String(), "\n")
		})
		command, err := strconv.Atoi(strings.TrimSpace(p.out.String()))
		if err != nil {
			t.Fatal(err)
		}
		if code, _ := p.End(syscall.SIGHUP); code != 0 {
			t.Errorf("%s: exit code %d", args[0], code)
		}
		Eventually(t, "the command has ended", func() bool { return syscall.Kill(command, 0) != nil })
	}
}

// TestHandlerUnit runs what the unit of the examples runs.
func TestHandlerUnit(t *testing.T) {
	unit := examples(t, "systemd", "tamtam-handler@.service")
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	handler := filepath.Join(dir, "deploy")
	if err := os.WriteFile(handler, []byte("#!/bin/sh\necho \"deploy $(cat)\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var command []string
	for line := range strings.Lines(string(text)) {
		if words, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart="); ok {
			command = strings.Fields(strings.NewReplacer("/etc/tamtam/handlers", dir, "%i", "deploy", "${STATE_DIRECTORY}", dir).Replace(words))
		}
	}
	if len(command) == 0 || command[0] != "/usr/bin/tamtamctl" {
		t.Fatalf("the unit runs %q", command)
	}
	d := StartDaemon(t, bin, nil)
	s := StartStream(t, d, command[1:]...)
	if r := d.Ctl("broadcast", "--topic", "deploy", "v7"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	s.Wants(t, "deploy v7\n")
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("not checked by systemd: it is not installed")
	}
	// A copy, named as an instance, that runs a program which this machine has.
	copied := filepath.Join(dir, "tamtam-handler@.service")
	if err := os.WriteFile(copied, []byte(strings.ReplaceAll(string(text), "/usr/bin/tamtamctl", handler)), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("systemd-analyze", "verify", "--man=no", copied).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "tamtam-handler@") {
			t.Error(line)
		}
	}
}
