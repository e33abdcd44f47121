// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// cause is who found a member dead, and why, in the last change of it that d knows.
func cause(t *testing.T, d, dead *Daemon) (by, reason string) {
	t.Helper()
	var all struct {
		Histories []struct {
			Changes []struct {
				Status, Reason string
				By             string `json:"reported_by"`
			}
		}
	}
	r := d.Ctl("why", dead.Gossip.String(), "-o", "json")
	if err := json.Unmarshal([]byte(r.Out), &all); err != nil || len(all.Histories) != 1 {
		t.Fatalf("%+v: %v", r, err)
	}
	for _, c := range all.Histories[0].Changes {
		if c.Status == "DEAD" && c.Reason != "UPDATED" { // its name, which is learned later
			by, reason = c.By, c.Reason
		}
	}
	return by, reason
}

// TestTheDeadSurviveARestart: a daemon that is restarted lists the dead members that others know,
// since when they died, why, and who found it; doctor sees that all agree.
func TestTheDeadSurviveARestart(t *testing.T) {
	all := Cluster(t, bin, 2)
	d, other := all[0], all[1]
	dead := StartDaemon(t, bin, nil, "--join", d.Gossip.String(), "--name", "db-9", "--tag", "role=db")
	Eventually(t, "all are there", func() bool { return d.Sees(d, other, dead) && other.Sees(d, other, dead) })
	dead.Kill()
	for _, n := range []*Daemon{d, other} {
		Eventually(t, n.Gossip.String()+" notices", func() bool { return n.Status(dead) == "DEAD" })
	}
	type death struct {
		Since  time.Time
		Reason string
		By     string `json:"reported_by"`
	}
	shows := func(n *Daemon) death {
		var rows []death
		if r := n.Ctl("nodes", "-o", "json", dead.Gossip.String()); json.Unmarshal([]byte(r.Out), &rows) != nil || len(rows) != 1 {
			t.Fatalf("%+v", r)
		}
		return rows[0]
	}
	died := shows(other)
	// Then the time of the restart is not taken for that of the death.
	Eventually(t, "the death is some seconds past", func() bool { return time.Since(died.Since) > 8*time.Second })
	d.Kill()
	d = d.Restart("--join", other.Gossip.String())
	Eventually(t, "it lists the dead again", func() bool { return d.Status(dead) == "DEAD" })
	// Who found it, not who has reported it.
	if now := shows(d); now.Since.Sub(died.Since).Abs() > 5*time.Second || now.By != died.By || now.Reason != died.Reason || died.Reason != "NO_ANSWER" || died.By == "" {
		t.Errorf("shown as %+v, by the other as %+v", now, died)
	}
	Eventually(t, "it has its name and tags", func() bool {
		r := d.Ctl("nodes", "-o", "wide", "--status", "dead")
		return strings.HasPrefix(r.Out, "NAME") && strings.Contains(r.Out, "\ndb-9 ") && strings.Contains(r.Out, "role=db")
	})
	for _, m := range []string{"db-9", dead.Gossip.String()} {
		if r := d.Ctl("why", m); r.Code != 0 || !strings.Contains(r.Out, "DEAD: no answer") {
			t.Errorf("why: %+v", r)
		}
	}
	if by, why := cause(t, d, dead); by != died.By || why != died.Reason {
		t.Errorf("why: %s by %s, to the other %+v", why, by, died)
	}
	d.finds("the same dead members", 1, func(g diagnosis) bool { return g.has("views", "ok", nil, "as dead") })

	if r := d.Ctl("remove", dead.Gossip.String()); r.Code != 0 {
		t.Fatalf("remove: %+v", r)
	}
	for _, n := range []*Daemon{d, other} {
		Eventually(t, "it is gone on "+n.Gossip.String(), func() bool { return n.Sees(d, other) })
	}
	back := dead.Restart("--join", d.Gossip.String()) // another session: it may join
	Eventually(t, "it is back", func() bool { return d.Sees(d, other, back) })
}
