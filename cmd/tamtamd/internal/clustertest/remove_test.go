// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"strings"
	"testing"
)

// TestRemovingTheDead: a dead member that a user removes is gone on all nodes, and
// gossip does not bring it back.
func TestRemovingTheDead(t *testing.T) {
	all := Cluster(t, bin, 4)
	rest, dead := all[:3], all[3]
	dead.Kill()
	for _, d := range rest {
		Eventually(t, d.Gossip.String()+" notices", func() bool { return d.Status(dead) == "DEAD" })
	}
	// All have this machine's name, so that it stands for no one.
	name := rest[0].Members()[dead.Gossip.String()].Name
	if r := rest[1].Ctl("remove", "--force", name); r.Code != 5 || !strings.Contains(r.Err, dead.Gossip.String()+" (DEAD)") {
		t.Errorf("by name: %+v", r)
	}
	if r := rest[1].Ctl("remove", dead.Gossip.String()); r.Code != 0 {
		t.Fatalf("remove: %+v", r)
	}
	for _, d := range rest {
		Eventually(t, "it is gone on "+d.Gossip.String(), func() bool { return d.Sees(rest...) })
	}
	gossips := sent(rest[0])
	Meanwhile(t, "it stays away", func() bool { return rest[0].Sees(rest...) && rest[2].Sees(rest...) },
		func() bool { return sent(rest[0]) > gossips+30 })
}

// TestRemovingTheLiving: a live member that a user removes is gone on all nodes and
// alone, until it is told to join.
func TestRemovingTheLiving(t *testing.T) {
	all := Cluster(t, bin, 4)
	rest, out := all[:3], all[3] // which has a --join: it must not follow it
	watch := StartWatch(t, rest[0])
	if r := rest[1].Ctl("remove", "--force", out.Gossip.String()); r.Code != 0 {
		t.Fatalf("remove: %+v", r)
	}
	for _, d := range rest {
		Eventually(t, "it is gone on "+d.Gossip.String(), func() bool { return d.Sees(rest...) })
	}
	Eventually(t, "it has no other member", func() bool { return out.Sees(out) })
	Eventually(t, "it says why", func() bool {
		return strings.Contains(out.out.String(), "this node was removed from the cluster")
	})
	gossips := sent(rest[0])
	Meanwhile(t, "it stays away", func() bool { return out.Sees(out) && rest[0].Sees(rest...) },
		func() bool { return sent(rest[0]) > gossips+30 })
	es := watch.Of(out)
	if e := es[len(es)-1]; e.Event != "removed" || e.ReportedBy != rest[1].Gossip.String() {
		t.Errorf("the watch ends with %+v", e)
	}

	if r := out.Ctl("join", rest[2].Gossip.String()); r.Code != 0 {
		t.Fatalf("join: %+v", r)
	}
	for _, d := range all {
		Eventually(t, "it is back on "+d.Gossip.String(), func() bool { return d.Sees(all...) })
	}
	watch.Check()
}

// sent is how many datagrams the daemon has sent to members.
func sent(d *Daemon) uint64 {
	c := d.Counters()
	return c["frames_data"] + c["frames_reply"]
}
