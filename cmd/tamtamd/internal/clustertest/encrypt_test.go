// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// passes has a message of the first daemon come to the others.
func passes(t *testing.T, from *Daemon, to ...*Daemon) {
	t.Helper()
	var streams []*Stream
	for _, d := range to {
		streams = append(streams, StartStream(t, d, "stream"))
	}
	if r := from.Ctl("broadcast", "hello"); r.Code != 0 {
		t.Fatalf("broadcast: %+v", r)
	}
	for _, s := range streams {
		s.Wants(t, "hello\n")
		s.Kill()
	}
}

// TestOpenToEncryptedByRestarts: three nodes are restarted one after the other, with each
// step of --encrypt. The two others see each other all the time, and messages pass while
// the third is away and when it is back. At the end an open node is not let in.
func TestOpenToEncryptedByRestarts(t *testing.T) {
	all := Cluster(t, bin, 3)
	file := Keyring(t, keyOf(t))
	for _, step := range []string{"accept", "send", "require"} {
		for i, d := range all {
			others := []*Daemon{all[(i+1)%3], all[(i+2)%3]}
			watches := []*Watch{StartWatch(t, others[0]), StartWatch(t, others[1])}
			if code, _ := d.End(os.Interrupt); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			passes(t, others[0], others[1])
			all[i] = d.Restart("--keyring-file", file, "--encrypt", step, "--join", others[0].Gossip.String())
			for _, d := range all {
				Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
			}
			passes(t, all[i], others...)
			steadily(t, watches[0], others[1])
			steadily(t, watches[1], others[0])
			watches[0].Kill()
			watches[1].Kill()
		}
		if all[0].Ctl("keys", "list").Code != 0 {
			t.Errorf("%s: the keys are not listed", step)
		}
		if r := all[0].CtlIn(keyOf(t), "keys", "install", "-"); (r.Code == 0) != (step == "require") {
			t.Errorf("%s: a key is installed: %+v", step, r)
		}
		verdict, found := "warning", map[string]string{"accept": "3 of 3 members still send in clear", "send": "3 of 3 members still accept unencrypted packets"}[step]
		if step == "require" {
			verdict, found = "ok", "all members that answer require encryption"
		}
		all[1].finds(found, 0, func(g diagnosis) bool { return g.has("encryption", verdict, nil, found) })
	}
	before := all[0].Counters()["dropped_unsealed"]
	open := StartDaemon(t, bin, nil, "--join", all[0].Gossip.String())
	Meanwhile(t, "an open node stays out", func() bool { return open.Lists(open) && all[0].Lists(all...) },
		func() bool { return all[0].Counters()["dropped_unsealed"] > before+3 })
}

// TestOpenToEncryptedByReloads: the same without restarts, from the first step on that has
// keys. What needs a restart is refused.
func TestOpenToEncryptedByReloads(t *testing.T) {
	config := filepath.Join(t.TempDir(), "tamtam.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("encrypt: accept\n")
	all := Cluster(t, bin, 3, "--keyring-file", Keyring(t, keyOf(t)), "--config", config)
	var watches []*Watch
	for _, d := range all {
		watches = append(watches, StartWatch(t, d))
		if !strings.Contains(d.out.String(), "unencrypted packets are accepted, too") {
			t.Error("there is no warning")
		}
	}
	hangup := func(d *Daemon, outcome string) {
		t.Helper()
		before := strings.Count(d.out.String(), outcome)
		if err := d.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		Eventually(t, outcome, func() bool { return strings.Count(d.out.String(), outcome) > before })
	}
	for _, step := range []string{"encrypt: send\n", "encrypt: require\n", "encrypt: send\n", "# the default\n"} {
		write(step)
		for i, d := range all {
			hangup(d, `"msg":"configuration reloaded"`)
			passes(t, d, all[(i+1)%3], all[(i+2)%3])
		}
	}
	write("encrypt: off\n")
	hangup(all[0], "needs a restart")
	all[1].finds("all require it", 0, func(g diagnosis) bool {
		return g.has("encryption", "ok", nil, "all members that answer require encryption")
	})
	for _, w := range watches {
		steadily(t, w, all...)
	}
}

// TestEncryptNeedsKeys: a step that needs keys does not start without.
func TestEncryptNeedsKeys(t *testing.T) {
	for _, c := range []struct{ step, want string }{
		{"accept", "--encrypt accept without keys"}, {"require", "--encrypt require without keys"}, {"maybe", "want off, accept, send or require"},
	} {
		p, _ := start(t, bin, "tamtamd", []string{"--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0", "--encrypt", c.step}, nil, true)
		if code := p.Wait(); code == 0 || !strings.Contains(p.out.String(), c.want) {
			t.Errorf("%s: exit code %d:\n%s", c.step, code, p.out.String())
		}
	}
	// Off is as without a keyring, but the file is checked.
	file := Keyring(t, keyOf(t))
	off, open := StartDaemon(t, bin, nil, "--keyring-file", file, "--encrypt", "off"), StartDaemon(t, bin, nil)
	if r := off.Ctl("join", open.Gossip.String()); r.Code != 0 {
		t.Errorf("join: %+v", r)
	}
	if err := os.WriteFile(file, []byte("no key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := start(t, bin, "tamtamd", []string{"--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0", "--encrypt", "off", "--keyring-file", file}, nil, true)
	if code := p.Wait(); code == 0 || !strings.Contains(p.out.String(), "line 1") {
		t.Errorf("exit code %d:\n%s", code, p.out.String())
	}
}
