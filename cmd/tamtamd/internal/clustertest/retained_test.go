// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"strings"
	"testing"
)

// topics returns the retained topics of a node.
func (d *Daemon) topics() map[string]string {
	d.t.Helper()
	r := d.Ctl("topics", "-o", "json")
	var list []struct{ Topic, Text string }
	if err := json.Unmarshal([]byte(r.Out), &list); err != nil || r.Code != 0 {
		d.t.Fatalf("%+v: %v", r, err)
	}
	all := map[string]string{}
	for _, one := range list {
		all[one.Topic] = one.Text
	}
	return all
}

// retain sets a topic, and waits until all members have it.
func (d *Daemon) retain(topic, value string) {
	d.t.Helper()
	if r := d.Ctl("broadcast", "--retain", "--topic", topic, "--wait", "all", "--timeout", "60s", "--", value); r.Code != 0 {
		d.t.Fatalf("%s=%s: %+v", topic, value, r)
	}
}

// TestRetainedTopics: all have the values, and so have one that joins and one that restarts; a deletion
// is one everywhere, and readers get all of it.
func TestRetainedTopics(t *testing.T) {
	all := Cluster(t, bin, 3)
	a, b, c := all[0], all[1], all[2]
	a.retain("config/flags", "dark=on")
	a.retain("other", "x")
	s := StartStream(t, b, "stream", "--retained", "--topic", "config/*")
	Eventually(t, "the reader has the present value", func() bool { return s.out.String() == "dark=on\n" })
	b.retain("config/flags", "dark=off")
	b.retain("config/more", strings.Repeat("x", 1024))
	for _, d := range all {
		if have := d.topics(); len(have) != 3 || have["config/flags"] != "dark=off" || len(have["config/more"]) != 1024 || have["other"] != "x" {
			t.Errorf("%s has %v", d.Gossip, have)
		}
	}
	if r := c.Ctl("topics", "config/flags"); r.Code != 0 || r.Out != "dark=off\n" {
		t.Errorf("%+v", r)
	}
	if r := c.Ctl("topics", "none"); r.Code != 3 || !strings.Contains(r.Err, "no such topic") {
		t.Errorf("%+v", r)
	}

	late := StartDaemon(t, bin, nil, "--join", a.Gossip.String())
	Eventually(t, "the one that joins has all", func() bool { return len(late.topics()) == 3 })
	c.Kill()
	c = c.Restart("--join", a.Gossip.String())
	Eventually(t, "the one that restarts has all", func() bool { return len(c.topics()) == 3 })

	if r := c.Ctl("broadcast", "--retain", "--topic", "config/more", ""); r.Code != 0 {
		t.Errorf("%+v", r)
	}
	for _, d := range []*Daemon{a, b, c, late} {
		Eventually(t, "it is deleted", func() bool { return len(d.topics()) == 2 })
	}
	want := "dark=on\ndark=off\n" + strings.Repeat("x", 1024) + "\n\n"
	Eventually(t, "the reader has all", func() bool { return s.out.String() == want })

	r := a.Ctl("broadcast", "--retain", "--topic", "big", strings.Repeat("x", 1025))
	if r.Code != 5 || !strings.Contains(r.Err, "1025 bytes, want at most 1024") {
		t.Errorf("%+v", r)
	}
	if n := a.Counters(); n["retained_topics"] != 2 || n["retained_set"] == 0 || n["retained_dropped_bad"] != 0 {
		t.Errorf("%v", n)
	}
}

// TestRetainedWithPlainMember: it gets nothing, and nobody waits for it.
func TestRetainedWithPlainMember(t *testing.T) {
	d := StartDaemon(t, bin, nil, "--plain")
	p := startPlain(t, "127.0.0.1", nil, d.Gossip.String())
	Eventually(t, "the plain node is a member", func() bool { return d.Statuses()[p.addr] == "ALIVE" })
	r := d.Ctl("broadcast", "--retain", "--topic", "a", "--wait", "all", "--min", "0", "x")
	if r.Code != 0 || !strings.HasPrefix(r.Out, "0 of 0 members have it") || !strings.Contains(r.Err, "no other member that keeps topics is alive") {
		t.Errorf("%+v", r)
	}
}
