// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"strings"
	"testing"
)

// TestBroadcastTo: the receivers' own tags of the moment decide whose readers get a message, later
// readers included; names do the same; the others get nothing, and no gap.
func TestBroadcastTo(t *testing.T) {
	a := StartDaemon(t, bin, nil, "--name", "a", "--tag", "role=web")
	b := StartDaemon(t, bin, nil, "--name", "b", "--tag", "role=web,zone=1", "--join", a.Gossip.String())
	c := StartDaemon(t, bin, nil, "--name", "c", "--tag", "role=db", "--join", a.Gossip.String())
	all := []*Daemon{a, b, c}
	streams := make([]*Stream, len(all))
	for i, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
		streams[i] = StartStream(t, d, "stream")
	}
	want := make([]string, len(all))
	send := func(text string, code int, out string, receivers []int, args ...string) {
		t.Helper()
		r := a.Ctl(append([]string{"broadcast", text, "--timeout", "50s"}, args...)...)
		if r.Code != code || !strings.HasPrefix(r.Out, out) {
			t.Errorf("%s: %+v", text, r)
		}
		for _, i := range receivers {
			want[i] += text + "\n"
		}
	}
	tag := func(d *Daemon, value string) {
		t.Helper()
		if r := d.Ctl("tags", "set", "role="+value); r.Code != 0 {
			t.Fatalf("%+v", r)
		}
	}
	send("all 1", 0, "2 of 2 ", []int{0, 1, 2}, "--wait", "all")
	send("web 1", 0, "1 of 1 ", []int{0, 1}, "--wait", "all", "--to", "role=web")
	tag(c, "web") // the sender may not know yet
	send("web 2", 0, "2 of 2 ", []int{0, 1, 2}, "--wait", "all", "--to", "role=w*")
	tag(b, "db")
	send("web 3", 0, "1 of 1 ", []int{0, 2}, "--wait", "all", "--to", "role=web")
	tag(a, "db")
	Eventually(t, "the sender knows of it", func() bool { return a.Ctl("nodes", "-o", "name", "--tag", "role=web").Out == "c\n" })
	send("web 4", 0, "1 of 1 ", []int{2}, "--wait", "1", "--to", "role!=db")
	send("b", 0, "1 of 1 ", []int{1}, "--wait", "all", "--to", "b")
	send("b, c", 0, "2 of 2 ", []int{1, 2}, "--wait", "all", "--to", b.Gossip.String(), "--to", "c")
	send("a, c if zone 1", 5, "", nil, "--wait", "all", "--to", "a", "--to", "c", "--to", "zone=1")
	send("nobody", 5, "", nil, "--wait", "all", "--to", "role=nobody")
	send("unknown", 3, "", nil, "--to", "nobody.invalid")
	for i := range 30 {
		to := []string{"a", "b", "c"}[i%3]
		send(fmt.Sprintf("%s %d", to, i), 0, "", []int{i % 3}, "--to", to)
	}
	send("all 2", 0, "2 of 2 ", []int{0, 1, 2}, "--wait", "all")
	for i, s := range streams {
		s.Wants(t, want[i])
	}
	for i, d := range all {
		last := strings.Count(want[i], "\n")
		later := StartStream(t, d, "stream", "--last", fmt.Sprint(last+10))
		later.Wants(t, want[i])
		if n := d.Counters()["broadcast_gaps"]; n > 0 {
			t.Errorf("%d gaps at %s", n, d.Gossip)
		}
	}
	if n := c.Counters()["broadcasts_for_others"]; n != 1+1+10+10 { // web 1, b, and those of the loop
		t.Errorf("%d were for others", n)
	}
}

// TestBroadcastToPlain: a plain node has no tags, and is not addressed.
func TestBroadcastToPlain(t *testing.T) {
	all := Cluster(t, bin, 2, "--plain")
	p := startPlain(t, "127.0.0.1", nil, all[0].Gossip.String())
	for _, d := range all {
		Eventually(t, "the plain node is a member", func() bool { return d.Statuses()[p.addr] == "ALIVE" })
	}
	if r := all[0].Ctl("broadcast", "--to", p.addr, "x"); r.Code != 5 || !strings.Contains(r.Err, p.addr+" is a plain Smudge node") {
		t.Errorf("%+v", r)
	}
	if r := all[0].Ctl("broadcast", "--to", "role!=web", "--wait", "all", "--timeout", "50s", "y"); r.Code != 0 || !strings.HasPrefix(r.Out, "1 of 1 ") {
		t.Errorf("%+v", r)
	}
	if r := all[0].Ctl("broadcast", "--wait", "all", "--timeout", "50s", "last"); r.Code != 0 {
		t.Errorf("%+v", r)
	}
	Eventually(t, "it gets what is for all", func() bool { return strings.Contains(p.out.String(), "last") })
	if out := p.out.String(); strings.Contains(out, " y\n") {
		t.Errorf("it got %s", out)
	}
}
