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
	Meanwhile(t, "it stays away", func() bool { return rest[0].Lists(rest...) && rest[2].Lists(rest...) },
		func() bool { return sent(rest[0]) > gossips+30 })
}

// TestRemovingTheLiving: a live member that a user removes is gone on all nodes and
// alone, and says so, until it is told to join, there or at a member.
func TestRemovingTheLiving(t *testing.T) {
	for _, at := range []string{"there", "at a member"} {
		t.Run(at, func(t *testing.T) { removeTheLiving(t, at == "there") })
	}
}

func removeTheLiving(t *testing.T, there bool) {
	all := Cluster(t, bin, 4, "--http", "127.0.0.1:0")
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
	wantRemoved(t, out, rest[1].Gossip.String())
	gossips := sent(rest[0])
	Meanwhile(t, "it stays away", func() bool { return out.Lists(out) && rest[0].Lists(rest...) },
		func() bool { return sent(rest[0]) > gossips+30 })
	es := watch.Of(out)
	if e := es[len(es)-1]; e.Event != "removed" || e.ReportedBy != rest[1].Gossip.String() {
		t.Errorf("the watch ends with %+v", e)
	}

	joins, to := out, rest[2]
	if !there {
		joins, to = rest[2], out
	}
	if r := joins.Ctl("join", to.Gossip.String()); r.Code != 0 {
		t.Fatalf("join: %+v", r)
	}
	for _, d := range all {
		Eventually(t, "it is back on "+d.Gossip.String(), func() bool { return d.Sees(all...) })
	}
	watch.Check()
	if r := out.Ctl("ready", "--alive", "4"); r.Code != 0 {
		t.Errorf("ready: %+v", r)
	}
	if status, body := out.Get("/metrics"); status != 200 || !strings.Contains(body, "\ntamtam_removed 0\n") {
		t.Errorf("metrics: %d", status)
	}
}

// wantRemoved wants all views of a node to say that it was removed, as another reports, and which
// command brings it back.
func wantRemoved(t *testing.T, d *Daemon, by string) {
	t.Helper()
	want := func(what, text string) {
		t.Helper()
		if !strings.Contains(text, "this node was removed from the cluster by ") || !strings.Contains(text, by) {
			t.Errorf("%s: %s", what, text)
		}
	}
	if r := d.Ctl("ready"); r.Code != 1 || !strings.Contains(r.Out, "tamtamctl join "+by) {
		t.Errorf("ready: %+v", r)
	} else {
		want("ready", r.Out)
	}
	if r := d.Ctl("healthy"); r.Code != 1 || !strings.Contains(r.Err, "tamtamctl join "+by) {
		t.Errorf("healthy: %+v", r)
	} else {
		want("healthy", r.Err)
	}
	if r := d.Ctl("doctor", "-o", "json"); r.Code != 1 || !strings.Contains(r.Err, "failed: removed\n") {
		t.Errorf("doctor: %+v", r)
	} else {
		want("doctor", r.Out)
	}
	if r := d.Ctl("broadcast", "--wait", "all", "x"); r.Code != 5 {
		t.Errorf("broadcast: %+v", r)
	} else {
		want("broadcast", r.Err)
	}
	if r := d.Ctl("top", "--count", "1"); r.Code != 0 {
		t.Errorf("top: %+v", r)
	} else {
		want("top", r.Out)
	}
	for path, status := range map[string]int{"/readyz": 503, "/status.json": 200} {
		have, body := d.Get(path)
		if want(path, body); have != status {
			t.Errorf("%s: status %d, want %d", path, have, status)
		}
	}
	if status, body := d.Get("/metrics"); status != 200 || !strings.Contains(body, "\ntamtam_removed 1\n") || !strings.Contains(body, `tamtam_state{state="removed"} 1`) {
		t.Errorf("metrics: %d", status)
	}
}

// sent is how many datagrams the daemon has sent to members.
func sent(d *Daemon) uint64 {
	c := d.Counters()
	return c["frames_data"] + c["frames_reply"]
}
