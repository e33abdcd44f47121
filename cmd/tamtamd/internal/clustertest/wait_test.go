// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"strings"
	"testing"
)

// TestWait: each condition, held and not.
func TestWait(t *testing.T) {
	all := Cluster(t, bin, 3, "--name", "same")
	d, one, two := all[0], all[1].Gossip.String(), all[2].Gossip.String()
	all[2].Kill()
	for args, want := range map[string]string{
		"--alive 2":                              "",
		"--member " + two + "=dead":              "",
		"--gone " + two:                          "",
		"--stable 1s":                            "",
		"--alive 2 --stable 300ms --gone " + two: "",
		"--alive 3 --gone " + two:                "2 alive, want 3",
		"--member " + two:                        two + " is DEAD, want ALIVE",
		"--member " + one + "=left":              one + " is ALIVE, want LEFT",
		"--member nobody":                        "nobody is not listed, want ALIVE",
		"--stable 1h":                            "no change for ",
	} {
		if r := d.Ctl("wait", "--member", two+"=dead", "--stable", "1ms"); r.Code != 0 { // so that no order matters
			t.Fatalf("%+v", r)
		}
		limit, code := "50s", 0
		if want != "" {
			limit, code = "2s", 6
		}
		r := d.Ctl(append([]string{"wait", "--timeout", limit}, strings.Fields(args)...)...)
		if r.Code != code || r.Out != "" || strings.Count(r.Err, "\n") != min(code, 1) || want != "" && !strings.Contains(r.Err, "not within 2s: "+want) {
			t.Errorf("%s: %+v, want %d, %q", args, r, code, want)
		}
	}
	for _, args := range [][]string{{"wait", "--member", "same"}, {"wait", "--gone", "same"}, {"watch", "--member", "same"}} {
		r := d.Ctl(args...)
		if r.Code != 5 || r.Out != "" || !strings.Contains(r.Err, `"same" stands for 2 members: `) || !strings.Contains(r.Err, one+" (ALIVE)") {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

// TestWaitForADaemon that starts only later, as in an init container.
func TestWaitForADaemon(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	d.Kill()
	p, _ := start(t, bin, "tamtamctl", []string{"wait", "--rpc", d.RPC, "--alive", "2", "--timeout", "55s", "--verbose"}, nil, true)
	Eventually(t, "it has tried twice", func() bool { return strings.Count(p.out.String(), "WatchMembers") > 1 })
	d = d.Restart("--rpc", d.RPC)
	StartDaemon(t, bin, nil, "--join", d.Gossip.String())
	if code := p.Wait(); code != 0 {
		t.Errorf("exit code %d: %s", code, p.out.String())
	}
}
