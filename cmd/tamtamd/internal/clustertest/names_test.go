// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"strings"
	"testing"
)

// TestNames: what nodes say of themselves is what others list.
func TestNames(t *testing.T) {
	a := StartDaemon(t, bin, nil, "--name", "first one")
	b := StartDaemon(t, bin, []string{"TAMTAM_NAME=zweiter ü"}, "--join", a.Gossip.String())
	for _, d := range []*Daemon{a, b} {
		Eventually(t, d.Gossip.String()+" sees both", func() bool { return d.Sees(a, b) })
		members := d.Members()
		for _, c := range []struct {
			of   *Daemon
			name string
		}{{a, "first one"}, {b, "zweiter ü"}} {
			m := members[c.of.Gossip.String()]
			if m.Name != c.name || m.Version == "" || m.Session == "0" || m.Session == "" || m.Plain || m.Flapping || m.Local != (c.of == d) {
				t.Errorf("%s lists %+v", d.Gossip, m)
			}
		}
		if r := d.Ctl("nodes"); !strings.Contains(r.Out, "first one") || !strings.Contains(r.Out, "zweiter ü") {
			t.Errorf("nodes: %+v", r)
		}
	}
	if x, y := a.Members(), b.Members(); x[b.Gossip.String()].Session != y[b.Gossip.String()].Session {
		t.Errorf("the sessions differ: %v, %v", x, y)
	}
}
