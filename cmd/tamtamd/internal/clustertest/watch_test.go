// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"testing"
)

// TestMonitorTellsWho: each change has a time and, where it is known, a reporter.
func TestMonitorTellsWho(t *testing.T) {
	all := Cluster(t, bin, 3)
	watch := StartWatch(t, all[0])
	all[2].Kill()
	Eventually(t, "its death is told", func() bool {
		es := watch.Of(all[2])
		return es[len(es)-1].Member.Status == "DEAD"
	})
	watch.Check()
	es := watch.Of(all[2])
	e := es[len(es)-1]
	if e.ReportedBy != all[0].Gossip.String() && e.ReportedBy != all[1].Gossip.String() {
		t.Errorf("reported by %q", e.ReportedBy)
	}
	late := StartDaemon(t, bin, nil, "--join", all[1].Gossip.String())
	Eventually(t, "the new one is told", func() bool { return len(watch.Of(late)) > 0 })
	if e := watch.Of(late)[0]; e.ReportedBy != late.Gossip.String() {
		t.Errorf("the new one: %+v", e)
	}
}
