// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestAllow: nodes of the networks that --allow names are members, others stay out, in
// both directions. A reload lets them in, and removes them again.
func TestAllow(t *testing.T) {
	requireIP(t, "127.0.0.2")
	requireIP(t, "127.0.0.3")
	if runtime.GOOS == "windows" {
		t.Skip("no SIGHUP on Windows")
	}
	file := filepath.Join(t.TempDir(), "tamtam.yaml")
	configure := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure("allow: [127.0.0.1, 127.0.0.2/32]\n")
	a := StartDaemon(t, bin, nil, "--config", file)
	b := StartDaemon(t, bin, nil, "--bind", "127.0.0.2", "--join", a.Gossip.String())
	c := StartDaemon(t, bin, nil, "--bind", "127.0.0.3", "--join", a.Gossip.String()+","+b.Gossip.String())
	Eventually(t, "the allowed one is a member", func() bool { return a.Sees(a, b) })
	Eventually(t, "the other one is a member where all are allowed", func() bool { return b.Sees(a, b, c) })
	if r := a.Ctl("join", c.Gossip.String()); r.Code == 0 || !strings.Contains(r.Err, "--allow") {
		t.Errorf("join: %+v", r)
	}
	Meanwhile(t, "it stays out", func() bool { return a.Lists(a, b) }, func() bool {
		n := a.Counters()
		return n["dropped_not_allowed"] > 10 && n["refused_not_allowed"] > 0
	})

	reload := func(text string) {
		configure(text)
		if err := a.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	reload("allow: 127.0.0.0/8\n")
	Eventually(t, "a reload lets it in", func() bool { return a.Sees(a, b, c) })
	reload("allow: [127.0.0.1, 127.0.0.2/32]\n")
	Eventually(t, "a reload removes it", func() bool { return a.Sees(a, b) })
	reload("allow: 192.0.2.0/24\n")
	Eventually(t, "a reload without its own address fails", func() bool { return strings.Contains(a.out.String(), "the address of this node") })
	if !a.Lists(a, b) {
		t.Errorf("and has changed %v", a.Statuses())
	}
}

// TestAllowNeedsItsOwnAddress: a node that is in none of its networks does not start.
func TestAllowNeedsItsOwnAddress(t *testing.T) {
	p, _ := start(t, bin, "tamtamd", []string{"--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0"}, []string{"TAMTAM_ALLOW=192.0.2.0/24"}, true)
	code, out := p.Wait(), p.out.String()
	if want := "--allow 192.0.2.0/24 does not contain 127.0.0.1"; code != 1 || !strings.Contains(out, want) || strings.Count(out, "\n") != 1 {
		t.Errorf("code %d, %q; want one line with %q", code, out, want)
	}
}

// TestPlainNeedsTheFlag: without --plain, a plain Smudge node stays out, and the log and doctor
// say what would let it in.
func TestPlainNeedsTheFlag(t *testing.T) {
	all := Cluster(t, bin, 2)
	p := startPlain(t, "127.0.0.1", nil, all[0].Gossip.String())
	if r := all[1].Ctl("join", p.addr); r.Code != 6 || !strings.Contains(r.Err, "--plain") {
		t.Errorf("join: %+v", r)
	}
	Meanwhile(t, "it stays out", func() bool { return all[0].Lists(all...) && all[1].Lists(all...) },
		func() bool { return all[0].Counters()["dropped_plain"] > 3 })
	if out := all[0].out.String(); !strings.Contains(out, `"msg":"plain Smudge datagram dropped"`) || !strings.Contains(out, "with --plain") {
		t.Errorf("logged %s", out)
	}
	if r := all[0].Ctl("doctor"); !strings.Contains(r.Out, "127.0.0.1") || !strings.Contains(r.Out, "--plain") {
		t.Errorf("doctor: %+v", r)
	}
}
