// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"os"
	"testing"
	"time"
)

// TestRestart: a node that is killed and started again at once is the same member in
// another session, and is heard at once.
func TestRestart(t *testing.T) {
	all := Cluster(t, bin, 4)
	victim, others := all[3], all[:3]
	var watches []*Watch
	var streams []*Stream
	for _, d := range others {
		watches = append(watches, StartWatch(t, d))
		streams = append(streams, StartStream(t, d, "stream"))
	}
	old := others[0].Members()[victim.Gossip.String()].Session
	victim.Kill()
	back := victim.Restart("--join", others[0].Gossip.String())
	ready := time.Now()
	for i, w := range watches {
		Eventually(t, others[i].Gossip.String()+" sees another session", func() bool {
			es := w.Of(back)
			last := es[len(es)-1]
			return last.Member.Status == "ALIVE" && last.Member.Session != old
		})
	}
	t.Logf("all others saw another session %v after it was ready", time.Since(ready))
	Eventually(t, "it sees the others", func() bool { return back.Sees(append(others, back)...) })
	if r := back.Ctl("broadcast", "first"); r.Code != 0 {
		t.Errorf("broadcast: %+v", r)
	}
	for _, s := range streams {
		s.Wants(t, "first\n")
	}
	for i, w := range watches {
		w.Check()
		if !others[i].Lists(append(others, back)...) {
			t.Errorf("%s lists %v", others[i].Gossip, others[i].Statuses())
		}
	}
}

// TestFlapping: a member that dies and comes back four times within a minute is shown
// as flapping.
func TestFlapping(t *testing.T) {
	all := Cluster(t, bin, 2)
	watch := StartWatch(t, all[0])
	d := all[1]
	for range 4 {
		d.Kill()
		Eventually(t, "it is dead", func() bool { return all[0].Status(d) == "DEAD" })
		d = d.Restart("--join", all[0].Gossip.String())
		Eventually(t, "it is back", func() bool { return all[0].Status(d) == "ALIVE" })
	}
	if es := watch.Of(d); !es[len(es)-1].Member.Flapping {
		// Told with the change, so a later look need not be within the minute.
		t.Errorf("not flapping: %+v", es)
	}
	watch.Check()
}

// TestSeedlessRestart: a node that is restarted gracefully, in a cluster without seeds, is found
// again by the others within seconds, and a handler on it is not told that they are gone.
func TestSeedlessRestart(t *testing.T) {
	all := []*Daemon{StartDaemon(t, bin, nil), StartDaemon(t, bin, nil), StartDaemon(t, bin, nil)}
	for _, d := range all[1:] {
		if r := all[0].Ctl("join", d.Gossip.String()); r.Code != 0 {
			t.Fatalf("join: %+v", r)
		}
	}
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody", func() bool { return d.Sees(all...) })
	}
	watch := &Watch{StartStream(t, all[0], "watch", "-o", "json")} // unlike monitor, it goes on
	Eventually(t, "the watch is synced", func() bool { return len(watch.Of(all[2])) == 1 })
	rpc := all[0].RPC
	if code, _ := all[0].End(os.Interrupt); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	all[0] = all[0].Restart("--rpc", rpc)
	began := time.Now()
	for _, d := range all {
		Eventually(t, d.Gossip.String()+" sees everybody again", func() bool { return d.Sees(all...) })
	}
	if took := time.Since(began); took > 30*time.Second { // two, but machines are busy
		t.Errorf("found again after %v", took)
	}
	Eventually(t, "the watch has caught up", func() bool { return len(watch.Of(all[0])) > 1 })
	steadily(t, watch, all[1:]...)
}
