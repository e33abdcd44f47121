// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/tamtamtest"
)

// TestClusterForTests: what package tamtamtest does to the nodes of a cluster is what others see of it.
func TestClusterForTests(t *testing.T) {
	t.Setenv("TAMTAMD", program(bin, "tamtamd"))
	nodes := tamtamtest.Cluster(t, 3, "--tag", "role=web")
	a, b, c := nodes[0], nodes[1], nodes[2]
	sees := func(by, of *tamtamtest.Node, want ...tamtam.Status) {
		t.Helper()
		tamtamtest.Eventually(t, fmt.Sprintf("%s sees %s as %v", by.Address, of.Address, want), func() bool {
			have := by.Status(of)
			for _, w := range want {
				if have == w {
					return true
				}
			}
			return false
		})
	}
	for _, m := range a.Members() {
		if m.GetTags()["role"] != "web" {
			t.Errorf("%v has no tag", m)
		}
	}

	// Parted from all, a node is dead for them, and they for it; later they are members again.
	c.Cut()
	sees(a, c, tamtam.Dead)
	sees(b, c, tamtam.Dead)
	sees(c, a, tamtam.Dead)
	sees(c, b, tamtam.Dead)
	sees(a, b, tamtam.Alive)
	c.Heal()
	for _, n := range nodes {
		tamtamtest.Eventually(t, n.Address+" sees all", func() bool { return n.Alive() == 3 })
	}

	// Parted from one only, the third relays.
	b.Cut(c)
	tamtamtest.Eventually(t, "there is a relay between the two", func() bool {
		for _, m := range b.Members() {
			if m.GetAddress() == c.Address && m.GetStatus() == tamtam.Alive && m.GetVia() == a.Address {
				return true
			}
		}
		return false
	})
	b.Heal(c)

	if runtime.GOOS != "windows" {
		b.Pause()
		sees(a, b, tamtam.Suspected, tamtam.Dead)
		b.Resume()
		sees(a, b, tamtam.Alive)
	}

	session := func(of *tamtamtest.Node) uint64 {
		for _, m := range a.Members() {
			if m.GetAddress() == of.Address && m.GetStatus() == tamtam.Alive {
				return m.GetSession()
			}
		}
		return 0
	}
	before, rpc := session(b), b.RPC
	b.Kill()
	sees(a, b, tamtam.Dead)
	b.Restart()
	tamtamtest.Eventually(t, "it is back in another session", func() bool { s := session(b); return s != 0 && s != before })
	if b.RPC != rpc {
		t.Errorf("gRPC is at %s after a restart, before at %s", b.RPC, rpc)
	}
	c.Leave()
	sees(a, c, tamtam.Left)
	if !strings.Contains(a.Log(), `"started"`) {
		t.Errorf("the log is %q", a.Log())
	}
}

// outside is a test of another module. It must not know this one's internal packages.
const outside = `package outside

import (
	"errors"
	"testing"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/tamtamtest"
)

func TestOutside(t *testing.T) {
	nodes := tamtamtest.Cluster(t, 2)
	client := nodes[0].Client(t)
	for e, err := range client.Watch(t.Context(), tamtam.WatchOptions{}) {
		switch {
		case err != nil:
			t.Fatal(err)
		case e.Kind == tamtam.Synced && !e.Resumed:
			nodes[1].Kill()
		case e.Kind == tamtam.Change && e.Member.GetStatus() == tamtam.Dead:
			if e.Member.GetAddress() != nodes[1].Address {
				t.Errorf("the wrong one is dead: %v", e.Member)
			}
			if _, err := nodes[0].Client(t).Join(t.Context(), "127.0.0.1:1"); !errors.Is(err, tamtam.ErrNoAnswer) {
				t.Errorf("join: %v", err)
			}
			return
		}
	}
}
`

// TestOutsideModule: another module imports the packages, without the network, and gets no module of TamTam's
// beside gRPC's; its tests start daemons, which are built.
func TestOutsideModule(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod":          "module example.com/outside\n\ngo 1.26.0\n\nrequire github.com/eelcocramer/tamtam v1.1.0\n\nreplace github.com/eelcocramer/tamtam => " + root + "\n",
		"go.sum":          string(sums),
		"outside_test.go": outside,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off", "TAMTAMD=", "XDG_CACHE_HOME="+t.TempDir(),
			"GOCACHE="+strings.TrimSpace(string(cache)))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("test", "-count", "1", "-timeout", "10m", ".")
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"peterbourgon", "yaml", "x/term"} {
		if strings.Contains(string(mod), m) {
			t.Errorf("go.mod of the other module has %s:\n%s", m, mod)
		}
	}
}
