// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDeadComeBack: a dead member that is started again without a seed is found by
// the others.
func TestDeadComeBack(t *testing.T) {
	all := Cluster(t, bin, 3)
	rest, dead := all[:2], all[2]
	dead.Kill()
	for _, d := range rest {
		Eventually(t, d.Gossip.String()+" notices", func() bool { return d.Status(dead) == "DEAD" })
	}
	again := append(rest, dead.Restart())
	for _, d := range again {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(again...) })
	}
}

// TestState: a node with a state directory finds its cluster after a restart by
// itself, even at another address, where nobody looks for it.
func TestState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by tamtamd")
	all := Cluster(t, bin, 2)
	d := StartDaemon(t, bin, nil, "--state-dir", dir, "--join", all[1].Gossip.String())
	Eventually(t, "the members are kept", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "peers"))
		return strings.Count(string(b), "\n") == 2
	})
	d.Kill()
	back := StartDaemon(t, bin, nil, "--state-dir", dir)
	for _, o := range all {
		Eventually(t, o.Gossip.String()+" sees it", func() bool { return o.Status(back) == "ALIVE" })
		Eventually(t, "it sees "+o.Gossip.String(), func() bool { return back.Status(o) == "ALIVE" })
	}
	back.Kill()
	// A damaged file is read as far as it can be, and told.
	broken := filepath.Join(dir, "peers")
	if err := os.WriteFile(broken, fmt.Appendf(nil, "nonsense\n%s\n\x00\x00", all[0].Gossip), 0o600); err != nil {
		t.Fatal(err)
	}
	back = StartDaemon(t, bin, nil, "--state-dir", dir)
	Eventually(t, "it sees "+all[0].Gossip.String(), func() bool { return back.Status(all[0]) == "ALIVE" })
	if out := back.out.String(); strings.Count(out, "known peers read in part, the file is damaged") != 1 || !strings.Contains(out, broken+":1:") {
		t.Errorf("not told once:\n%s", out)
	}
}

// TestReaping: a dead member is given up after --reconnect-timeout.
func TestReaping(t *testing.T) {
	all := Cluster(t, bin, 3, "--reconnect-timeout", "2s")
	rest, dead := all[:2], all[2]
	watch := StartWatch(t, rest[0])
	dead.Kill()
	for _, d := range rest {
		Eventually(t, d.Gossip.String()+" has given it up", func() bool { return d.Sees(rest...) })
	}
	Eventually(t, "the watch tells", func() bool {
		es := watch.Of(dead)
		return es[len(es)-1].Event == "removed"
	})
	es := watch.Of(dead)
	last, before := es[len(es)-1], es[len(es)-2]
	if last.Previous != "DEAD" || last.ReportedBy != rest[0].Gossip.String() || before.Member.Status != "DEAD" {
		t.Errorf("told %+v", es)
	}
	t.Logf("given up %v after its death", last.Time.Sub(before.Time))
	watch.Check()
}
