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
			if code := d.Wait(); code != 0 {
				t.Errorf("the daemon's exit code is %d", code)
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
				for _, e := range w.Of(d) {
					if e.Member.Status == "DEAD" || e.Member.Status == "SUSPECTED" {
						t.Errorf("it was seen as %s: %+v", e.Member.Status, e)
					}
				}
			}
		})
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
