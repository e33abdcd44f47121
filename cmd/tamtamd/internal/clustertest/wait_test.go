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
		"--member same":                          "",
		"--member same=dead":                     "",
		"--gone " + two:                          "",
		"--stable 1s":                            "",
		"--alive 2 --stable 300ms --gone " + two: "",
		"--alive 3 --gone " + two:                "2 alive, want 3",
		"--member " + two:                        two + " is DEAD, want ALIVE",
		"--member " + one + "=left":              one + " is ALIVE, want LEFT",
		"--gone same":                            "same is ALIVE, ALIVE, want it gone",
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
		lines := min(code, 1)
		if strings.Contains(args, "same") {
			lines++ // several have the name, which it says
		}
		if r.Code != code || r.Out != "" || strings.Count(r.Err, "\n") != lines || want != "" && !strings.Contains(r.Err, "not within 2s: "+want) {
			t.Errorf("%s: %+v, want %d, %q", args, r, code, want)
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
