// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package clustertest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// startAnswer answers a topic by a command. It returns when the daemon asks it.
func startAnswer(t *testing.T, d *Daemon, topic, command string, args ...string) *Process {
	t.Helper()
	before := d.Counters()["user_answerers"]
	p, _ := start(t, bin, "tamtamctl", append([]string{"answer", topic, "--retry", "--rpc", d.RPC, "--exec", command}, args...), nil, true)
	Eventually(t, "it is registered", func() bool { return d.Counters()["user_answerers"] > before })
	return p
}

// queryEvent is a line of tamtamctl query -o json.
type queryEvent struct {
	Event, Address, Name, Reason, Text string
	Answerer                           *int
	Asked, Answered, Answers           int
}

// query runs a query, and returns its events.
func query(t *testing.T, d *Daemon, args ...string) (events []queryEvent, code int) {
	t.Helper()
	r := d.Ctl(append([]string{"query", "-o", "json"}, args...)...)
	for line := range strings.Lines(r.Out) {
		var e queryEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		events = append(events, e)
	}
	return events, r.Code
}

// outcome is the answer of each answerer, or its reason, by "address".
func outcome(events []queryEvent) map[string]string {
	all := map[string]string{}
	for _, e := range events {
		switch e.Event {
		case "answer":
			all[e.Address] += e.Text + ";"
		case "failure":
			all[e.Address] += e.Reason + ";"
		}
	}
	return all
}

// TestQuery: commands answer; who does not is named, and the exit code says so.
func TestQuery(t *testing.T) {
	all := Cluster(t, bin, 3)
	const command = `echo "$TAMTAM_QUERY_TOPIC $(cat) of $TAMTAM_QUERY_ASKER_ADDRESS"`
	for _, d := range all[:2] {
		startAnswer(t, d, "x", command)
	}
	asker := all[2].Gossip.String()
	// Generous, as a machine may be slow; it ends when all have answered.
	r := all[2].Ctl("query", "x", "$(id)", "--timeout", "60s")
	lines := strings.Split(strings.TrimSpace(r.Out), "\n")
	if want := fmt.Sprintf(": x $(id) of %s", asker); r.Code != 6 || len(lines) != 2 || !strings.HasSuffix(lines[0], want) || !strings.HasSuffix(lines[1], want) ||
		!strings.Contains(r.Err, "no program there answers this topic") || !strings.Contains(r.Err, "2 of 3 members answered") {
		t.Errorf("%+v", r)
	}
	startAnswer(t, all[2], "x", "echo third")
	startAnswer(t, all[2], "x", "exit 3")
	startAnswer(t, all[0], "x", "echo shared", "--share")
	startAnswer(t, all[0], "x", "echo shared", "--share")
	events, code := query(t, all[0], "x", "p", "--timeout", "60s")
	got := outcome(events)
	for i, want := range [][]string{{"x p of " + all[0].Gossip.String(), "shared"}, {"x p of " + all[0].Gossip.String()}, {"third", "FAILED"}} {
		have := strings.Split(strings.TrimSuffix(got[all[i].Gossip.String()], ";"), ";")
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("node %d: %q, want %q", i, have, want)
		}
	}
	if done := events[len(events)-1]; code != 6 || done.Event != "done" || done.Asked != 3 || done.Answered != 2 || done.Answers != 4 {
		t.Errorf("exit code %d, %+v", code, done)
	}
	// To whom: the tags of the receiver at that moment, and names.
	if r := all[1].Ctl("tags", "set", "role=web"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	events, code = query(t, all[0], "x", "--to", "role=w*", "--timeout", "60s")
	if got := outcome(events); code != 0 || len(got) != 1 || got[all[1].Gossip.String()] == "" {
		t.Errorf("exit code %d, %v", code, got)
	}
	events, code = query(t, all[0], "x", "--to", all[1].Gossip.String(), "--timeout", "60s")
	if got := outcome(events); code != 0 || len(got) != 1 || got[all[1].Gossip.String()] == "" {
		t.Errorf("exit code %d, %v", code, got)
	}
	if _, code = query(t, all[0], "x", "--to", "role=db", "--timeout", "60s"); code != 3 {
		t.Errorf("exit code %d", code)
	}
}

// TestQueryOfPlainMember: it is named, and not waited for.
func TestQueryOfPlainMember(t *testing.T) {
	d := StartDaemon(t, bin, nil, "--plain")
	p := startPlain(t, "127.0.0.1", nil, d.Gossip.String())
	Eventually(t, "the plain node is a member", func() bool { return d.Statuses()[p.addr] == "ALIVE" })
	startAnswer(t, d, "x", "echo here")
	events, code := query(t, d, "x", "--timeout", "60s")
	if got := outcome(events); code != 6 || got[d.Gossip.String()] != "here;" || got[p.addr] != "UNSUPPORTED;" {
		t.Errorf("exit code %d, %v", code, got)
	}
}

// TestAnswerSurvivesTheDaemon: it connects to the daemon's next process.
func TestAnswerSurvivesTheDaemon(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	port := d.RPC
	p := startAnswer(t, d, "x", "echo here")
	d.Kill()
	Eventually(t, "it is said", func() bool { return strings.Contains(p.out.String(), "retrying") })
	d = d.Restart("--rpc", port)
	Eventually(t, "it is registered again", func() bool { return d.Counters()["user_answerers"] == 1 })
	events, code := query(t, d, "x", "--timeout", "60s")
	if got := outcome(events); code != 0 || got[d.Gossip.String()] != "here;" {
		t.Errorf("exit code %d, %v", code, got)
	}
}
