// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
)

// reasons are the reasons in what d reports of a member's past.
func reasons(t *testing.T, d *Daemon, name string) string {
	t.Helper()
	r := d.Ctl("why", name, "-o", "json")
	var all struct {
		Histories []struct {
			Changes []struct{ Reason string }
		}
	}
	if err := json.Unmarshal([]byte(r.Out), &all); err != nil || len(all.Histories) != 1 {
		t.Fatalf("%+v: %v", r, err)
	}
	var names []string
	for _, c := range all.Histories[0].Changes {
		names = append(names, c.Reason)
	}
	return strings.Join(names, " ")
}

// TestWhy: what is reported of a member that is killed, comes back, leaves, is restarted
// and is removed, and the reporter.
func TestWhy(t *testing.T) {
	all := Cluster(t, bin, 3)
	d, other := all[0], all[2]
	address := other.Gossip.String()
	told := func(what, suffix string) {
		t.Helper()
		Eventually(t, what+" is told", func() bool { return strings.HasSuffix(reasons(t, d, address), suffix) })
	}
	told("that it came", "JOINED")
	other.Kill()
	Eventually(t, "it is dead", func() bool { return d.Status(other) == "DEAD" })
	told("its death", "NO_ANSWER")
	other = other.Restart("--join", d.Gossip.String(), "--name", "back")
	told("its return", "NO_ANSWER RETURNED")
	if code, _ := other.End(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	told("its leave", "RETURNED GOODBYE")
	other = other.Restart("--join", d.Gossip.String(), "--name", "back")
	told("its return", "GOODBYE RETURNED")
	other.Kill()
	other = other.Restart("--join", d.Gossip.String(), "--name", "back")
	// Whether its death is seen before it is back is the machine's speed.
	Eventually(t, "its restart is told", func() bool {
		had := reasons(t, d, address)
		return strings.HasSuffix(had, "RETURNED RESTARTED") || strings.HasSuffix(had, "NO_ANSWER RETURNED") || strings.HasSuffix(had, "NO_ANSWER RESTARTED")
	})
	Eventually(t, "it sees all", func() bool { return other.Sees(all[0], all[1], other) })
	if r := all[1].Ctl("remove", "--force", address); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	told("its removal", "EXPELLED")
	r := d.Ctl("why", "back") // its last name, and no longer a member
	for _, want := range []string{
		address + " (back) is no longer listed\n", "→ DEAD: ", "ALIVE → LEFT: it left\n", "LEFT → ALIVE: it came back\n", ", its name was ",
		"ALIVE → removed: removed by an operator, reported by " + all[1].Gossip.String() + "\n",
	} {
		if !strings.Contains(r.Out, want) {
			t.Errorf("%q is not in:\n%s", want, r.Out)
		}
	}
	if r := d.Ctl("why", d.Gossip.String()); r.Code != 0 || !strings.HasSuffix(r.Out, "  ALIVE: this node started\n") {
		t.Errorf("itself: %+v", r)
	}
	if r := d.Ctl("why", "nobody"); r.Code != 3 || r.Out != "" || !strings.Contains(r.Err, `no record of "nobody"`) {
		t.Errorf("nobody: %+v", r)
	}
}
