// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
)

// TestOperatorsKey: members are removed, and keys changed, by who has the private half, and by
// nobody else: not a node without the public half, which is a member with the cluster's key.
func TestOperatorsKey(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "operator")
	if r := Ctl(t, bin, nil, "", "operator", "generate", file); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	if r := Ctl(t, bin, nil, "", "operator", "generate", file); r.Code == 0 {
		t.Errorf("a key was replaced: %+v", r)
	}
	first, key := NewKey(t)
	rings := []string{Keyring(t, first), Keyring(t, first), Keyring(t, first)}
	a := StartDaemon(t, bin, nil, "--keyring-file", rings[0], "--operator-key", file+".pub")
	b := StartDaemon(t, bin, nil, "--keyring-file", rings[1], "--operator-key", file+".pub", "--join", a.Gossip.String())
	rogue := StartDaemon(t, bin, nil, "--keyring-file", rings[2], "--join", a.Gossip.String())
	all := []*Daemon{a, b, rogue}
	for _, d := range all {
		Eventually(t, "all see all", func() bool { return d.Sees(all...) })
	}
	second, _ := NewKey(t)
	other := Keyring(t, second)

	// It reads and broadcasts as any member.
	read, heard := StartStream(t, rogue, "stream"), StartStream(t, b, "stream")
	for i, d := range []*Daemon{a, rogue} {
		if r := d.Ctl("broadcast", []string{"of a", "of the rogue"}[i]); r.Code != 0 {
			t.Errorf("%+v", r)
		}
		read.Wants(t, []string{"of a\n", "of a\nof the rogue\n"}[i])
	}
	heard.Wants(t, "of a\nof the rogue\n")

	// A node that wants no signature does what it is asked, and the others do not follow.
	if r := rogue.Ctl("remove", "--force", b.Gossip.String()); r.Code != 0 {
		t.Errorf("the rogue does not remove: %+v", r)
	}
	rogue.Ctl("keys", "install", other) // whatever it says
	Eventually(t, "the removal is ignored", func() bool { return strings.Contains(a.out.String(), "removal ignored") })
	for _, d := range []*Daemon{a, b} {
		if !d.Has(a) || !d.Has(b) {
			t.Errorf("%s sees %v", d.Gossip, d.Statuses())
		}
	}
	for _, path := range rings[:2] {
		if have := keysIn(t, path); len(have) != 1 || have[0] != keyring.ID(key) {
			t.Errorf("%s has %v now", path, have)
		}
	}

	// Without the private half, nor does a node that has the public one.
	for _, args := range [][]string{{"remove", "--force", rogue.Gossip.String()}, {"keys", "install", other}, {"remove", "--force", "--operator-key", file + ".pub", rogue.Gossip.String()}} {
		if r := a.Ctl(args...); r.Code == 0 || !strings.Contains(r.Err, "operator") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	// With it, the rogue is out: what it says of that does not matter.
	if r := a.Ctl("remove", "--force", "--operator-key", file, rogue.Gossip.String()); r.Code != 0 {
		t.Errorf("%+v", r)
	}
	remains := func(what string, want ...*Daemon) {
		t.Helper()
		for _, d := range []*Daemon{a, b} {
			Eventually(t, what, func() bool { return d.Sees(want...) })
		}
	}
	remains("the rogue is gone", a, b)
	// It gets in again while it has a key, and with another session is not the one that was removed.
	if r := rogue.Ctl("join", a.Gossip.String()); r.Code != 0 {
		t.Errorf("%+v", r)
	}
	Eventually(t, "the rogue is back", func() bool { return a.Has(rogue) })
	if r := a.Ctl("remove", "--force", "--operator-key", file, rogue.Gossip.String()); r.Code != 0 {
		t.Errorf("%+v", r)
	}
	remains("the rogue is gone again", a, b)
	id := strings.TrimSpace(a.Ctl("keys", "install", "--operator-key", file, other).Out)
	for _, command := range []string{"use", "remove"} {
		which := id
		if command == "remove" {
			which = keyring.ID(key)
		}
		if r := a.Ctl("keys", command, "--operator-key", file, which); r.Code != 0 {
			t.Errorf("keys %s: %+v", command, r)
		}
	}
	if r := rogue.Ctl("join", a.Gossip.String()); r.Code == 0 {
		t.Errorf("the rogue joins with the old key: %+v", r)
	}
	remains("they go on", a, b)
	if out := a.out.String() + b.out.String(); strings.Contains(out, "panic") {
		t.Error("a daemon panicked")
	}
}
