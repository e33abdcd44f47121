// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/doctor"
)

// diagnosis is what doctor prints in JSON, and how it ended.
type diagnosis struct {
	Findings []struct{ Check, Verdict, Member, Found, Do string }
	Summary  struct{ OK, Warnings, Failures int }
	code     int
}

func (d *Daemon) doctor() diagnosis {
	d.t.Helper()
	r := d.Ctl("doctor", "-o", "json")
	out := diagnosis{code: r.Code}
	if err := json.Unmarshal([]byte(r.Out), &out); err != nil {
		d.t.Fatalf("doctor printed %q, %q: %v", r.Out, r.Err, err)
	}
	return out
}

// has reports whether there is such a finding; the member may be nil.
func (d diagnosis) has(check, verdict string, member *Daemon, found string) bool {
	for _, f := range d.Findings {
		about := f.Member == ""
		if member != nil {
			about = f.Member == member.Gossip.String()
		}
		if f.Check == check && f.Verdict == verdict && about && strings.Contains(f.Found, found) {
			return true
		}
	}
	return false
}

// finds polls until doctor ends with the code and all findings are there.
func (d *Daemon) finds(what string, code int, all func(diagnosis) bool) {
	d.t.Helper()
	var last diagnosis
	defer func() {
		if d.t.Failed() {
			d.t.Logf("doctor last found %+v", last)
		}
	}()
	Eventually(d.t, "doctor finds "+what, func() bool {
		last = d.doctor()
		return last.code == code && (last.Summary.Failures > 0) == (code == 1) && all(last)
	})
}

// TestDoctor: a healthy cluster has no failure; other limits are a warning, a dead member
// and a daemon that is not there are failures.
func TestDoctor(t *testing.T) {
	all := Cluster(t, bin, 3)
	a, c := all[0], all[2]
	for _, d := range all {
		d.finds("nothing wrong", 0, func(g diagnosis) bool {
			for _, f := range g.Findings {
				if f.Verdict != "ok" && f.Verdict != "skipped" && f.Check != "loss" { // on a busy machine, the kernel drops some
					return false
				}
			}
			return len(g.Findings) == len(doctor.Checks())
		})
	}
	odd := StartDaemon(t, bin, nil, "--join", a.Gossip.String(), "--max", "512", "--heartbeat", "300ms")
	a.finds("other limits", 0, func(g diagnosis) bool {
		return g.has("limits", "warning", odd, "up to 512 bytes") && g.has("limits", "warning", odd, "300ms") && !g.has("limits", "warning", c, "") &&
			g.has("reachable", "ok", nil, "3 of 3")
	})
	c.Kill()
	a.finds("the dead member", 1, func(g diagnosis) bool {
		return g.has("reachable", "failure", c, "DEAD") && !g.has("one-way", "failure", a, "")
	})
	if r := a.Ctl("remove", "--force", c.Gossip.String()); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	a.finds("nothing that fails", 0, func(g diagnosis) bool { return g.has("reachable", "ok", nil, "2 of 2") })
	a.Kill()
	if r := a.Ctl("doctor"); r.Code != 1 || !strings.Contains(r.Out, a.RPC) || !strings.Contains(r.Out, "start tamtamd") || r.Err != "tamtamctl: failed: daemon\n" {
		t.Errorf("without a daemon: %+v", r)
	}
}

// TestDoctorNamesThePair: of a link that works in one direction only, both its ends and others
// learn which it is. A third node relays, so nothing fails.
func TestDoctorNamesThePair(t *testing.T) {
	r := startRelay(t)
	a := StartDaemon(t, bin, nil)
	b := startBehind(t, r, "--join", a.Gossip.String())
	c := StartDaemon(t, bin, nil, "--join", a.Gossip.String())
	all := []*Daemon{a, b, c}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	// The packets of b come from its own port; all works nevertheless.
	a.finds("where packets come from", 0, func(g diagnosis) bool { return g.has("address", "warning", b, "come from") })
	b.finds("where its own packets come from", 0, func(g diagnosis) bool { return g.has("address", "warning", b, "for 2 of 2 members") })

	r.cut(a.Gossip)
	wayTo := func(to *Daemon) string {
		return "does not reach " + to.Gossip.String() + " directly: " + c.Gossip.String() + " relays its packets"
	}
	for _, d := range all {
		d.finds("that two have no direct way", 0, func(g diagnosis) bool {
			return g.has("direct", "warning", a, wayTo(b)) || g.has("direct", "warning", b, wayTo(a))
		})
	}
	r.cut(netip.AddrPort{})
	a.finds("a direct way", 0, func(g diagnosis) bool { return g.has("direct", "ok", nil, "") })
}

// TestDoctorKeys: who lacks a key that others have is told, and of whom nothing can be
// read.
func TestDoctorKeys(t *testing.T) {
	key := func() string {
		r := Ctl(t, bin, nil, "", "keys", "generate")
		if r.Code != 0 {
			t.Fatalf("%+v", r)
		}
		return r.Out
	}
	file := func(keys ...string) string {
		name := filepath.Join(t.TempDir(), "keyring")
		if err := os.WriteFile(name, []byte(strings.Join(keys, "")), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	one, two, three := key(), key(), key()
	a := StartDaemon(t, bin, nil, "--keyring-file", file(one, two))
	b := StartDaemon(t, bin, nil, "--keyring-file", file(one, two), "--join", a.Gossip.String())
	c := StartDaemon(t, bin, nil, "--keyring-file", file(one), "--join", a.Gossip.String())
	all := []*Daemon{a, b, c}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	a.finds("that not all have the same keys", 0, func(g diagnosis) bool { return g.has("keys", "warning", nil, "not have the same") })
	b.Kill()
	b.Restart("--keyring-file", file(three), "--join", a.Gossip.String())
	a.finds("a dead member whose packets cannot be decrypted", 1, func(g diagnosis) bool {
		return g.has("reachable", "failure", b, "DEAD") && g.has("keys", "failure", nil, "127.0.0.1 cannot be decrypted")
	})
}
