// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// clusterScript returns scripts/cluster.sh, with the programs under test, on ports from first on.
func clusterScript(t *testing.T, first uint16) (*exec.Cmd, *lines) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skipf("not tried: %v", err)
	}
	text, err := os.ReadFile(root + "scripts/cluster.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "scripts"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "scripts", "cluster.sh")
	if err := os.WriteFile(script, text, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bin, filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}
	cmd, out := exec.Command(bash, script), &lines{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), fmt.Sprintf("TAMTAM_CLUSTER_PORT=%d", first), fmt.Sprintf("TAMTAM_CLUSTER_RPC=%d", first+10), "TAMTAM_CLUSTER_HTTP=")
	return cmd, out
}

// freePorts returns the first of n ports, of TCP and UDP, that nobody has at the moment.
func freePorts(t *testing.T, n int) uint16 {
	t.Helper()
	for range 100 {
		first := int(freePort(t, "127.0.0.1"))
		free := first+n < 65536
		for p := first; free && p < first+n; p++ {
			l, err := net.Listen("tcp", fmt.Sprintf("localhost:%d", p))
			if err != nil {
				free = false
				continue
			}
			_ = l.Close()
			c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", p))
			if err != nil {
				free = false
				continue
			}
			_ = c.Close()
		}
		if free {
			return uint16(first)
		}
	}
	t.Fatal("no free ports")
	return 0
}

// TestClusterScript: "make cluster" brings up three nodes, prints the addresses of their pages, which are
// there, and ends them at SIGTERM.
func TestClusterScript(t *testing.T) {
	cmd, out := clusterScript(t, freePorts(t, 40))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil || !strings.Contains(out.String(), "stopping") {
			t.Errorf("%v: %s", err, out)
		}
	}()
	Eventually(t, "it is up", func() bool {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%v: %s", err, out)
		default:
		}
		return strings.Contains(out.String(), "Ctrl-C stops them")
	})
	pages := regexp.MustCompile(`http://localhost:\d+/`).FindAllString(out.String(), -1)
	if len(pages) != 3 {
		t.Fatalf("%d pages: %s", len(pages), out)
	}
	for _, page := range pages {
		for _, path := range []string{"", "readyz?min_alive=3"} {
			r, err := http.Get(page + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = r.Body.Close()
			if r.StatusCode != http.StatusOK {
				t.Errorf("%s%s: %s", page, path, r.Status)
			}
		}
	}
}

// TestClusterScriptNamesATakenPort: it says which port, and which setting changes it.
func TestClusterScriptNamesATakenPort(t *testing.T) {
	for offset, setting := range map[uint16]string{0: "PORT", 1: "PORT", 10: "RPC", 11: "HTTP", 30: "RPC"} {
		t.Run(fmt.Sprint(setting, offset), func(t *testing.T) {
			first := freePorts(t, 40)
			taken := fmt.Sprintf("127.0.0.1:%d", first+offset)
			if setting == "PORT" {
				c, err := net.ListenPacket("udp", taken)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
			} else {
				l, err := net.Listen("tcp", taken)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
			}
			cmd, out := clusterScript(t, first)
			err := cmd.Run()
			if code := cmd.ProcessState.ExitCode(); err == nil || code != 1 || !strings.Contains(out.String(), fmt.Sprint(first+offset)) ||
				!strings.Contains(out.String(), "set TAMTAM_CLUSTER_"+setting+" to another first port") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
