// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestLeaving: however a node is made to leave, the others see it as LEFT and never
// as dead, and when it starts again it is ALIVE.
func TestLeaving(t *testing.T) {
	for name, leave := range map[string]func(*testing.T, *Daemon){
		"SIGTERM": func(t *testing.T, d *Daemon) { endsWell(t, d, syscall.SIGTERM) },
		"SIGINT":  func(t *testing.T, d *Daemon) { endsWell(t, d, syscall.SIGINT) },
		"tamtamctl leave": func(t *testing.T, d *Daemon) {
			if r := d.Ctl("leave"); r.Code != 0 || r.Out != "left: 2 of 2 members know\n" || r.Err != "" {
				t.Errorf("leave: %+v", r)
			}
			// So that a service manager neither starts it again, nor takes that for a regular end.
			if code := d.Wait(); code != 3 {
				t.Errorf("the daemon's exit code is %d, want 3", code)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := Cluster(t, bin, 3)
			others, d := all[:2], all[2]
			watches := []*Watch{StartWatch(t, others[0]), StartWatch(t, others[1])}
			leave(t, d)
			for _, o := range others {
				Eventually(t, o.Gossip.String()+" sees it as left", func() bool { return o.Status(d) == "LEFT" })
				if r := o.Ctl("nodes", "--status", "left"); r.Code != 0 || !strings.Contains(r.Out, d.Gossip.String()) || strings.Count(r.Out, "LEFT") != 1 {
					t.Errorf("nodes --status left: %+v", r)
				}
			}
			back := d.Restart("--join", others[1].Gossip.String())
			for _, o := range others {
				Eventually(t, o.Gossip.String()+" sees it back", func() bool { return o.Sees(append(others, back)...) })
			}
			for _, w := range watches {
				w.Check()
				was := ""
				for _, e := range w.Of(d) {
					// A busy machine may make it be suspected while it runs.
					if e.Member.Status == "DEAD" || e.Member.Status == "SUSPECTED" && was == "LEFT" {
						t.Errorf("it was seen as %s: %+v", e.Member.Status, e)
					}
					was = e.Member.Status
				}
			}
		})
	}
}

// TestMissedLeave: a node that did not hear a leave learns of it when it compares what it knows
// with others.
func TestMissedLeave(t *testing.T) {
	r := startRelay(t)
	a := StartDaemon(t, bin, nil)
	b := StartDaemon(t, bin, nil, "--join", a.Gossip.String())
	c := startBehind(t, r, "--join", a.Gossip.String())
	all := []*Daemon{a, b, c}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	r.cut(b.Gossip)
	if r := b.Ctl("leave"); r.Code != 0 || r.Out != "left: 1 of 2 members know\n" {
		t.Errorf("leave: %+v", r)
	}
	Eventually(t, "it is known to have left where that was missed", func() bool { return c.Status(b) == "LEFT" })
	if r := c.Ctl("why", b.Gossip.String()); !strings.Contains(r.Out, "it left, reported by "+a.Gossip.String()) {
		t.Errorf("why: %+v", r)
	}
}

func endsWell(t *testing.T, d *Daemon, with os.Signal) {
	t.Helper()
	if code, took := d.End(with); code != 0 {
		t.Errorf("%v: exit code %d", with, code)
	} else {
		t.Logf("%v: ended in %v", with, took)
	}
}
