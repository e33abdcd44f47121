// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// examples returns the path of the examples' directory, or of something in it.
func examples(t *testing.T, elem ...string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "..", "..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(append([]string{dir}, elem...)...)
}

// tool finds a program in the PATH or among the pinned tools, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	pinned := examples(t, "..", ".bin", name)
	if _, err := os.Stat(pinned); err == nil {
		return pinned
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("not tried: %v", err)
	}
	return path
}

// TestExamples runs each example beside one node of two: it prints both members, hears
// what is asked on the other node, and its answer is heard there. It goes on after a restart of its node.
func TestExamples(t *testing.T) {
	for name, command := range map[string]func(t *testing.T) []string{
		"go": func(t *testing.T) []string {
			out := program(t.TempDir(), "answer")
			if text, err := exec.Command("go", "build", "-o", out, "github.com/eelcocramer/tamtam/examples/go").CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			return []string{out}
		},
		"python": func(t *testing.T) []string {
			return []string{python(t), examples(t, "python", "answer.py")}
		},
		"shell": func(t *testing.T) []string {
			t.Setenv("GRPCURL", tool(t, "grpcurl"))
			tool(t, "jq")
			return []string{tool(t, "bash"), examples(t, "shell", "answer.sh")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			words := command(t)
			d := Cluster(t, bin, 2)
			answers := StartStream(t, d[1], "stream", "--topic", "answer")
			path, err := exec.LookPath(words[0])
			if err != nil {
				t.Fatal(err)
			}
			// A kill would leave the script's programs behind, and its output open.
			p, _ := start(t, filepath.Dir(path), filepath.Base(path), append(words[1:], d[0].RPC), []string{"GRPCURL=" + os.Getenv("GRPCURL")}, false)
			t.Cleanup(func() { p.End(syscall.SIGTERM) })
			prints := func(d *Daemon, status string) func() bool { // in Python without what all names of the API begin with
				line := regexp.MustCompile(regexp.QuoteMeta(d.Gossip.String()) + ` (MEMBER_STATUS_)?` + status)
				return func() bool { return line.MatchString(p.out.String()) }
			}
			for _, m := range d {
				Eventually(t, "it prints "+m.Gossip.String(), prints(m, "ALIVE"))
			}
			if r := d[1].Ctl("broadcast", "--topic", "ask", "what's up?"); r.Code != 0 {
				t.Fatalf("%+v", r)
			}
			Eventually(t, "it prints the question", func() bool { return strings.Contains(p.out.String(), "what's up?") })
			answers.Wants(t, "heard what's up?\n")

			// It sees the other end, too.
			d[1].Kill()
			Eventually(t, "it prints the death", prints(d[1], "DEAD"))

			// And it goes on when its daemon is another process.
			d[0].Kill()
			again := d[0].Restart("--rpc", d[0].RPC)
			third := StartDaemon(t, bin, nil, "--join", again.Gossip.String())
			Eventually(t, "it prints a member of the daemon that was restarted", prints(third, "ALIVE"))
		})
	}
}
