// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Event is a line of tamtamctl monitor -o json.
type Event struct {
	Event      string // present, synced, change or removed
	Revision   uint64 `json:",string"`
	Member     Member
	Previous   string `json:"previous_status"`
	Time       time.Time
	ReportedBy string `json:"reported_by"`
}

// Watch is a running tamtamctl monitor -o json.
type Watch struct{ *Stream }

// StartWatch starts one, and waits until it has told the present members.
func StartWatch(t testing.TB, d *Daemon) *Watch {
	t.Helper()
	w := &Watch{StartStream(t, d, "monitor", "-o", "json")}
	Eventually(t, "the watch is synced", func() bool { return strings.Contains(w.out.String(), `"event":"synced"`) })
	return w
}

// Events returns what it has told so far, in order.
func (w *Watch) Events() []Event {
	w.t.Helper()
	var all []Event
	for line := range strings.Lines(w.out.String()) {
		if !strings.HasSuffix(line, "\n") {
			break // not yet whole
		}
		var e Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.t.Fatalf("%q: %v", line, err)
		}
		all = append(all, e)
	}
	return all
}

// Of returns what it has reported of one member.
func (w *Watch) Of(d *Daemon) []Event {
	w.t.Helper()
	var of []Event
	for _, e := range w.Events() {
		if e.Member.Address == d.Gossip.String() {
			of = append(of, e)
		}
	}
	return of
}

// Check fails unless the events follow from each other: no revision is missing, and
// each change begins where the last one of the member ended.
func (w *Watch) Check() {
	w.t.Helper()
	var revision uint64
	last := map[string]Event{}
	for i, e := range w.Events() {
		changed := e.Event == "change" || e.Event == "removed"
		before, listed := last[e.Member.Address]
		switch {
		case !changed:
		case e.Revision != revision+1:
			w.t.Errorf("line %d: revision %d after %d", i, e.Revision, revision)
		case listed && e.Previous != before.Member.Status, !listed && e.Previous != "":
			w.t.Errorf("line %d: %q was %q, but was told to be %q", i, e.Member.Address, e.Previous, before.Member.Status)
		case e.Previous == e.Member.Status && e.Member.Session == before.Member.Session && e.Event == "change":
			w.t.Errorf("line %d: nothing has changed", i)
		case e.Time.IsZero():
			w.t.Errorf("line %d has no time", i)
		}
		revision = e.Revision
		if last[e.Member.Address] = e; e.Event == "removed" {
			delete(last, e.Member.Address)
		}
	}
}
