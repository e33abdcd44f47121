// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"strings"
	"syscall"
	"testing"
)

// TestPlainIsShown: a plain node is marked as one, and sees a graceful leave, of which it
// knows nothing, as a death.
func TestPlainIsShown(t *testing.T) {
	all := Cluster(t, bin, 2, "--plain")
	p := startPlain(t, "127.0.0.1", nil, all[0].Gossip.String())
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees it", func() bool {
			m := d.Members()
			return len(m) == 3 && m[p.addr].Status == "ALIVE"
		})
		for a, m := range d.Members() {
			if m.Plain != (a == p.addr) || m.Plain && (m.Session != "" || m.Name != "" || m.Version != "") {
				t.Errorf("%s lists %+v", d.Gossip, m)
			}
		}
		if r := d.Ctl("nodes"); strings.Count(r.Out, "plain") != 1 {
			t.Errorf("nodes: %+v", r)
		}
	}
	for _, d := range all {
		Eventually(t, "it sees "+d.Gossip.String(), func() bool { return p.sees(d.Gossip.String(), "ALIVE") })
	}
	endsWell(t, all[1], syscall.SIGTERM)
	Eventually(t, "the plain node sees it as dead", func() bool { return p.sees(all[1].Gossip.String(), "DEAD") })
	Eventually(t, "the other sees it as left", func() bool { return all[0].Status(all[1]) == "LEFT" })
	p.Kill()
	Eventually(t, "the plain node is dead", func() bool { return all[0].Statuses()[p.addr] == "DEAD" })
}
