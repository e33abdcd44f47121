// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
)

// nameOf is the name of a key.
func nameOf(t testing.TB, text string) string {
	t.Helper()
	k, err := keyring.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	return keyring.ID(k)
}

// keysOf are the keys of all members as a daemon lists them, by address; nil for one that
// does not tell.
func keysOf(t testing.TB, d *Daemon) map[string][]string {
	t.Helper()
	var list struct {
		Members []struct {
			Address, Error string
			Keys           []string
		}
	}
	r := d.Ctl("keys", "list", "-o", "json")
	if err := json.Unmarshal([]byte(r.Out), &list); err != nil {
		t.Fatalf("keys list printed %+v: %v", r, err)
	}
	keys := map[string][]string{}
	for _, m := range list.Members {
		keys[m.Address] = m.Keys
	}
	return keys
}

// TestRotation: a key is put in the place of another by tamtamctl, all nodes keep it, and
// have it after a restart.
func TestRotation(t *testing.T) {
	old := keyOf(t)
	all, files := Sealed(t, bin, 3, old)
	watch, stream := StartWatch(t, all[2]), StartStream(t, all[2], "stream")
	said := ""
	// step does one, by way of any node, and looks at what all have then.
	step := func(d *Daemon, stdin string, args []string, want ...string) string {
		t.Helper()
		r := d.CtlIn(stdin, append([]string{"keys"}, args...)...)
		if r.Code != 0 || r.Err != "" {
			t.Fatalf("keys %v: %+v", args, r)
		}
		for _, file := range files {
			if have := keysIn(t, file); !slices.Equal(have, want) {
				t.Errorf("after keys %v, %s holds %v, want %v", args, file, have, want)
			}
			info, err := os.Stat(file)
			if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("after keys %v: %v, %v", args, info.Mode(), err)
			}
			if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
				t.Errorf("after keys %v there are %v, %v", args, left, err)
			}
		}
		for _, other := range all {
			for a, have := range keysOf(t, other) {
				if !slices.Equal(have, want) {
					t.Errorf("after keys %v, %s says that %s has %v, want %v", args, other.Gossip, a, have, want)
				}
			}
		}
		said += "after " + args[0] + "\n"
		if r := all[0].Ctl("broadcast", "after "+args[0]); r.Code != 0 {
			t.Fatalf("broadcast: %+v", r)
		}
		stream.Wants(t, said)
		return strings.TrimSpace(r.Out)
	}
	first := nameOf(t, old)
	r := all[0].Ctl("keys", "generate")
	if b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Out)); err != nil || len(b) != 32 {
		t.Fatalf("generate: %+v", r)
	}
	second := nameOf(t, strings.TrimSpace(r.Out))
	step(all[0], "", []string{"list"}, first)
	if name := step(all[0], r.Out, []string{"install", "-"}, first, second); name != second {
		t.Errorf("installed %q, want %q", name, second)
	}
	step(all[1], r.Out, []string{"install", "-"}, first, second) // once more
	if r := all[1].Ctl("keys", "remove", first); r.Code != 5 || !strings.Contains(r.Err, "not all members are ready") {
		t.Errorf("what seals is removed: %+v", r)
	}
	if r := all[1].Ctl("keys", "use", "0000000000000000"); r.Code != 3 {
		t.Errorf("what nobody has is used: %+v", r)
	}
	step(all[1], "", []string{"use", second}, second, first)
	step(all[2], "", []string{"remove", first}, second)
	for _, e := range watch.Events() {
		if e.Event == "removed" || e.Event == "change" && e.Member.Status != "ALIVE" && e.Member.Status != "SUSPECTED" {
			t.Errorf("the watch tells %+v", e)
		}
	}
	for i, d := range all[:2] { // one after the other, only by their files
		if code, _ := d.End(os.Interrupt); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		all[i] = d.Restart("--keyring-file", files[i], "--join", all[2].Gossip.String())
		for _, d := range all {
			Eventually(t, d.Gossip.String()+" sees everybody again", func() bool { return d.Sees(all...) })
		}
	}
	for _, d := range all {
		if strings.Contains(d.out.String(), strings.TrimSpace(r.Out)[:10]) || strings.Contains(d.out.String(), old[:10]) {
			t.Errorf("a key is in the log of %s", d.Gossip)
		}
	}
}

// TestAwayDuringRotation: a node that is killed before keys change, or when it had the new
// one but sealed with the old, is not let in with its old file; both sides say why, and it
// is let in when the file is brought up to date.
func TestAwayDuringRotation(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run(map[bool]string{false: "before install", true: "before use"}[late], func(t *testing.T) {
			old := keyOf(t)
			all, files := Sealed(t, bin, 3, old)
			away, rest := all[2], all[:2]
			next := keyOf(t)
			second := nameOf(t, next)
			kill := func() {
				away.Kill()
				Eventually(t, "its death is noticed", func() bool { return rest[0].Status(away) == "DEAD" && rest[1].Status(away) == "DEAD" })
			}
			do := func(stdin string, args ...string) {
				t.Helper()
				r := rest[0].CtlIn(stdin, append([]string{"keys"}, args...)...)
				missed := args[0] != "install" || !late
				if r.Code != 0 || strings.Contains(r.Err, away.Gossip.String()+" is DEAD, so it misses this") != missed {
					t.Fatalf("keys %v: %+v", args, r)
				}
			}
			if !late {
				kill()
			}
			do(next, "install", "-")
			if late {
				kill()
			}
			do("", "use", second)
			do("", "remove", nameOf(t, old))

			before := rest[0].Counters()["dropped_unsealed"] + rest[1].Counters()["dropped_unsealed"]
			back := away.Restart("--keyring-file", files[2], "--join", rest[0].Gossip.String())
			Meanwhile(t, "it is not let in", func() bool { return rest[0].Status(away) != "ALIVE" && back.Lists(back) }, func() bool {
				return rest[0].Counters()["dropped_unsealed"]+rest[1].Counters()["dropped_unsealed"] > before+5
			})
			const why = "the keys were changed while it, or this node, was away: compare tamtamctl keys list on both, and install what is missing"
			Eventually(t, "the others say why", func() bool {
				return strings.Contains(rest[0].out.String(), why) && strings.Contains(rest[0].out.String(), back.Gossip.String())
			})
			r := back.Ctl("join", rest[0].Gossip.String())
			if r.Code != 6 || !strings.Contains(r.Err, "it has other keys") {
				t.Errorf("join: %+v", r)
			}
			back.Kill()
			text, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(files[2], text, 0o600); err != nil {
				t.Fatal(err)
			}
			all[2] = back.Restart("--keyring-file", files[2], "--join", rest[0].Gossip.String())
			for _, d := range all {
				Eventually(t, d.Gossip.String()+" sees everybody again", func() bool { return d.Sees(all...) })
			}
			for a, keys := range keysOf(t, all[2]) {
				if !slices.Equal(keys, []string{second}) {
					t.Errorf("%s has %v", a, keys)
				}
			}
		})
	}
}

// TestUseIsRefused: while a live member lacks a key, it is not used, unless by force, and
// then who lacks it is left behind.
func TestUseIsRefused(t *testing.T) {
	old, next := keyOf(t), keyOf(t)
	all, _ := Sealed(t, bin, 2, old)
	// It joins with only the old key after the new one was installed.
	if r := all[0].CtlIn(next, "keys", "install", "-"); r.Code != 0 {
		t.Fatalf("install: %+v", r)
	}
	late := StartDaemon(t, bin, nil, "--keyring-file", Keyring(t, old), "--join", all[0].Gossip.String())
	Eventually(t, "it is seen", func() bool { return all[0].Status(late) == "ALIVE" && late.Status(all[0]) == "ALIVE" })
	r := all[0].Ctl("keys", "use", nameOf(t, next))
	if r.Code != 5 || !strings.Contains(r.Err, late.Gossip.String()) {
		t.Errorf("use: %+v", r)
	}
	if r := all[0].Ctl("keys", "list"); r.Code != 1 || !strings.Contains(r.Err, "do not have the same keys") {
		t.Errorf("list: %+v", r)
	}
	if keys := keysOf(t, all[0])[all[1].Gossip.String()]; len(keys) != 2 || keys[0] != nameOf(t, old) {
		t.Errorf("it was used all the same: %v", keys)
	}
	if r := all[0].Ctl("keys", "use", "--force", nameOf(t, next)); r.Code != 1 || !strings.Contains(r.Err, late.Gossip.String()) {
		t.Errorf("by force: %+v", r)
	}
	Eventually(t, "it is left behind", func() bool { return late.Status(all[0]) == "DEAD" })
	// By its own daemon it can be helped, whatever the others answer that it cannot read.
	if r := late.CtlIn(next, "keys", "install", "-"); r.Out != nameOf(t, next)+"\n" {
		t.Errorf("install: %+v", r)
	}
	Eventually(t, "it is back", func() bool { return late.Status(all[0]) == "ALIVE" && all[0].Status(late) == "ALIVE" })
}
