// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/testpty"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// asClient makes the test's own program be tamtamctl, for shells.
const asClient = "RUN_AS_TAMTAMCTL"

func TestMain(m *testing.M) {
	if os.Getenv(asClient) != "" {
		os.Exit(ctl.Run(context.Background(), os.Args[1:], ctl.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	os.Exit(m.Run())
}

// shell prepares a shell that has tamtamctl and its script, and talks to a daemon with members
// one and two, messages of the topic deploy, and two keys. It skips the test if the shell is
// not there.
func shell(t *testing.T, name string) (path, script string, env []string) {
	t.Helper()
	language := strings.Replace(name, "pwsh", "powershell", 1)
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s: %v", name, err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "tamtamctl")); err != nil {
		t.Fatal(err)
	}
	addr := serve(t, &fake{retained: 1, topics: []*pb.RetainedTopic{{Topic: "config/flags"}, {Topic: "$(reboot)"}}, messages: func(s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		for _, topic := range []string{"deploy", "", "$(reboot)"} {
			if err := s.Send(&pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Message{Message: &pb.Message{Topic: topic}}}); err != nil {
				return err
			}
		}
		<-s.Context().Done()
		return nil
	}})
	script = filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte(run(t, "completion", language).out), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, script, append(os.Environ(), asClient+"=1", "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir, "TAMTAM_RPC="+addr,
		"GORACE=atexit_sleep_ms=0") // otherwise, each client under the race detector ends a second later
}

// lines are what stands on the command line, and the words that complete it.
var lines = map[string][]string{
	"tamtamctl no":                        {"nodes"},
	"tamtamctl configure ":                {"heartbeat", "threshold"},
	"tamtamctl configure threshold i":     {"info"},
	"tamtamctl nodes --status ":           {"alive", "suspected", "dead", "left"},
	"tamtamctl nodes -o ":                 {"table", "wide", "name", "json"},
	"tamtamctl stream --enc":              {"--encoding"},
	"tamtamctl broadcast --wait ":         {"all"},
	"tamtamctl --timeout 2s nodes --stat": {"--status"},
	"tamtamctl help keys i":               {"install"},
	"tamtamctl why o":                     {"one"}, // the other name is no word
	"tamtamctl ping 192.0.2.2:":           {"192.0.2.2:9999"},
	"tamtamctl stream --topic ":           {"config/flags", "deploy"},
	"tamtamctl topics ":                   {"config/flags"},
	"tamtamctl stats ":                    nil,
	"tamtamctl remove o":                  {"one"},
	"tamtamctl why one ":                  nil,
	"tamtamctl rtt one o":                 {"one"},
	"tamtamctl rtt one two ":              nil,
	"tamtamctl nodes --near o":            {"one"},
}

func TestBashCompletes(t *testing.T) {
	bash, script, env := shell(t, "bash")
	for line, want := range lines {
		// What Readline does: it has split the line at colons, and replaces the last part.
		const test = `. "$1"; COMP_LINE=$2; COMP_POINT=${#2}; _tamtamctl; printf '%s\n' "${COMPREPLY[@]}"`
		c := exec.Command(bash, "-c", test, "bash", script, line)
		c.Env = env
		out, err := c.CombinedOutput()
		wanted := slices.Clone(want)
		if i := strings.LastIndex(line, ":"); i >= 0 {
			_, wanted[0], _ = strings.Cut(wanted[0], ":")
		}
		if have := strings.Fields(string(out)); err != nil || !slices.Equal(have, wanted) {
			t.Errorf("%q completes to %q, %v; want %q", line, have, err, wanted)
		}
	}
}

func TestFishCompletes(t *testing.T) {
	fish, script, env := shell(t, "fish")
	for line, want := range lines {
		c := exec.Command(fish, "--no-config", "-c", `source $argv[1]; complete -C $argv[2]`, script, line)
		c.Env = env
		out, err := c.Output()
		var have []string
		for l := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(l), "\t")
			have = append(have, word)
		}
		slices.Sort(have) // fish has an order of its own
		sorted := slices.Sorted(slices.Values(want))
		if err != nil || !slices.Equal(have, sorted) {
			t.Errorf("%q completes to %q, %v; want %q", line, have, err, sorted)
		}
	}
}

func TestPowerShellCompletes(t *testing.T) {
	pwsh, script, env := shell(t, "pwsh")
	if err := os.Rename(script, script+".ps1"); err != nil { // PowerShell runs no other files
		t.Fatal(err)
	}
	for line, want := range lines {
		if want == nil { // then PowerShell completes the names of files
			continue
		}
		c := exec.Command(pwsh, "-NoProfile", "-NonInteractive", "-Command",
			". $env:SCRIPT; (TabExpansion2 $env:LINE $env:LINE.Length).CompletionMatches | ForEach-Object CompletionText")
		c.Env = append(env, "SCRIPT="+script+".ps1", "LINE="+line)
		out, err := c.Output()
		if have := strings.Fields(string(out)); err != nil || !slices.Equal(have, want) {
			t.Errorf("%q completes to %q, %v; want %q", line, have, err, want)
		}
	}
}

// TestZshCompletes types into a terminal: zsh completes nowhere else.
func TestZshCompletes(t *testing.T) {
	zsh, script, env := shell(t, "zsh")
	p := testpty.Open(t)
	c := exec.Command(zsh, "-f", "-i")
	c.Env = append(env, "TERM=vt100", "PS1=ready> ")
	c.Stdin, c.Stdout, c.Stderr = p.Slave, p.Slave, p.Slave
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	await(t, p, "ready> ")
	p.Type("autoload -U compinit; compinit -u -D; . " + script +
		"; show() { print -r -- \"<$BUFFER>\" }; zle -N show; bindkey '^X' show; print sour''ced\n")
	await(t, p, "sourced")
	for line, want := range lines {
		if len(want) != 1 { // a menu of several is a matter of zsh
			continue
		}
		words := strings.Split(line, " ")
		words[len(words)-1] = want[0]
		// It is typed again if a busy machine left the words out.
		for deadline := time.Now().Add(time.Minute); ; p.Type("\x15") { // which deletes the line
			p.Type(line + "\t\x18")
			if shows(p, "<"+strings.Join(words, " "), 10*time.Second) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("no %q in %q", words, p.Output())
			}
		}
		p.Type("\x15")
	}
}

func await(t *testing.T, p *testpty.Terminal, text string) {
	t.Helper()
	if !shows(p, text, time.Minute) {
		t.Fatalf("no %q in %q", text, p.Output())
	}
}

// shows reports whether a text appears within some time.
func shows(p *testpty.Terminal, text string, within time.Duration) bool {
	for deadline := time.Now().Add(within); !strings.Contains(p.Output(), text); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
