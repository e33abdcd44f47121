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
		// Texts have them in quotes, JSON as they are.
		for _, args := range []string{"nodes", "nodes -o wide", "nodes -o name", "keys list", "top --count 1", "doctor", "why " + b.Gossip.String(), "query x --timeout 1s"} {
			text := d.Ctl(strings.Fields(args)...).Out
			if strings.Contains(args, "nodes") && (!strings.Contains(text, `"first one"`) || !strings.Contains(text, `"zweiter ü"`)) {
				t.Errorf("%s printed %q", args, text)
			}
			for _, name := range []string{"first one", "zweiter ü"} {
				if bare := strings.ReplaceAll(text, `"`+name+`"`, ""); strings.Contains(bare, name) {
					t.Errorf("%s has a name without quotes: %q", args, text)
				}
			}
		}
	}
	if x, y := a.Members(), b.Members(); x[b.Gossip.String()].Session != y[b.Gossip.String()].Session {
		t.Errorf("the sessions differ: %v, %v", x, y)
	}
}
