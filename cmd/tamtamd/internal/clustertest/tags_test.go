// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"strings"
	"testing"
)

// TestTagsOfMembers: tags are there from the start, change while all run, and nodes are
// found by them; the cluster does not notice otherwise.
func TestTagsOfMembers(t *testing.T) {
	a := StartDaemon(t, bin, nil, "--name", "web-1", "--tag", "role=web", "--tag", "zone=a,rack=7")
	b := StartDaemon(t, bin, []string{"TAMTAM_TAG=role=db"}, "--name", "db-1", "--join", a.Gossip.String())
	c := StartDaemon(t, bin, nil, "--name", "web-2", "--join", b.Gossip.String())
	all := []*Daemon{a, b, c}
	listed := func(d *Daemon, args ...string) string {
		r := d.Ctl(append([]string{"nodes", "-o", "name"}, args...)...)
		return strings.Join(strings.Fields(r.Out), " ")
	}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
		if got := listed(d, "--tag", "role=web", "--tag", "rack=*", "--status", "alive", "--name", "web-*"); got != "web-1" {
			t.Errorf("%s lists %q", d.Gossip, got)
		}
	}
	before := a.Members()
	if r := c.Ctl("tags", "set", "role=web", "motto=fast, and small"); r.Code != 0 || r.Out != "motto=fast, and small\nrole=web\n" {
		t.Errorf("tags set: %+v", r)
	}
	if r := b.Ctl("tags", "delete", "role"); r.Code != 0 || r.Out != "" {
		t.Errorf("tags delete: %+v", r)
	}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" knows of it", func() bool {
			return len(strings.Fields(listed(d, "--tag", "role=web"))) == 2 && listed(d, "--tag", "role=db") == "" &&
				listed(d, "--tag", "motto=fast, *") == "web-2"
		})
	}
	for addr, m := range a.Members() {
		if m.Session != before[addr].Session || !present(m.Status) {
			t.Errorf("%s was %+v, is %+v", addr, before[addr], m)
		}
	}

	for _, bad := range [][]string{{"set", "k=" + strings.Repeat("v", 600)}, {"set", "a=\x01"}, {"delete", "a b"}} {
		if r := c.Ctl(append([]string{"tags"}, bad...)...); r.Code == 0 || r.Err == "" {
			t.Errorf("tags %v: %+v", bad, r)
		}
	}
	if r := c.Ctl("nodes", "--name", "["); r.Code != 5 || !strings.Contains(r.Err, `bad pattern "["`) {
		t.Errorf("a bad pattern: %+v", r)
	}
	// Those of --tag are back after a restart.
	b.Kill()
	b.Restart("--name", "db-1", "--tag", "role=db", "--join", a.Gossip.String())
	Eventually(t, "the restarted node is found by its tag", func() bool { return listed(a, "--tag", fmt.Sprintf("role=%s", "db")) == "db-1" })
}

// TestTagsChoose: watch, wait, stream and nodes choose members by tag, and follow its changes.
func TestTagsChoose(t *testing.T) {
	all := Cluster(t, bin, 2)
	d, web := all[0], all[1]
	address := web.Gossip.String()
	if r := web.Ctl("tags", "set", "role=web"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	if r := d.Ctl("wait", "--alive", "1", "--tag", "role=web", "--timeout", "50s"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	if r := d.Ctl("wait", "--alive", "2", "--tag", "role=web", "--timeout", "1s"); r.Code != 6 || !strings.Contains(r.Err, "1 alive, want 2") {
		t.Errorf("%+v", r)
	}
	for args, want := range map[string]string{"--tag role=web": address, "--tag role!=web": d.Gossip.String(), "--tag role!=*": d.Gossip.String()} {
		r := d.Ctl(append([]string{"nodes", "-o", "json"}, strings.Fields(args)...)...)
		if strings.Count(r.Out, `"address"`) != 1 || !strings.Contains(r.Out, want) {
			t.Errorf("nodes %s: %+v", args, r)
		}
	}
	watch, _ := start(t, bin, "tamtamctl", []string{"watch", "--rpc", d.RPC, "--tag", "role=web", "-o", "json"}, nil, false)
	stream := StartStream(t, d, "stream", "--tag", "role=web")
	Eventually(t, "it is synced", func() bool { return strings.Contains(watch.out.String(), `"synced"`) })
	d.Ctl("tags", "set", "role=db") // of no interest
	for _, n := range all {
		if r := n.Ctl("broadcast", "--wait", "all", "from "+n.Gossip.String()); r.Code != 0 {
			t.Errorf("%+v", r)
		}
	}
	stream.Wants(t, "from "+address+"\n")
	web.Ctl("tags", "set", "role=db")
	Eventually(t, "it is told that it no longer matches", func() bool { return strings.Contains(watch.out.String(), `"role":"db"`) })
	web.Ctl("tags", "set", "x=y")
	web.Ctl("tags", "set", "role=web")
	Eventually(t, "it is told that it matches again", func() bool { return strings.Count(watch.out.String(), `"role":"web"`) == 2 })
	if out := watch.out.String(); strings.Count(out, `"event":"change"`) != 2 || strings.Contains(out, d.Gossip.String()+`","name"`) {
		t.Errorf("watched %s", out)
	}
}
