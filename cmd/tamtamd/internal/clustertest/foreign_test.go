// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"strings"
	"testing"
)

// TestForeignCluster: clusters of different names do not mix.
func TestForeignCluster(t *testing.T) {
	ours := Cluster(t, bin, 2)
	theirs := Cluster(t, bin, 2, "--clustername", "other")
	r := theirs[0].Ctl("join", ours[0].Gossip.String())
	if r.Code != 5 || !strings.Contains(r.Err, ours[0].Gossip.String()) || !strings.Contains(r.Err, "another cluster") {
		t.Errorf("join: %+v", r)
	}
	if r := ours[1].Ctl("ping", theirs[1].Gossip.String()); r.Code != 5 || !strings.Contains(r.Err, "another cluster") {
		t.Errorf("ping: %+v", r)
	}
	if n := ours[0].Counters()["dropped_foreign_cluster"]; n == 0 {
		t.Error("what the other cluster sent was not counted")
	}
	if n := theirs[0].Counters()["refused_by_foreign_cluster"]; n == 0 {
		t.Error("the refusal was not counted")
	}
	for _, cluster := range [][]*Daemon{ours, theirs} {
		for _, d := range cluster {
			if !d.Lists(cluster...) {
				t.Errorf("%s lists %v", d.Gossip, d.Statuses())
			}
		}
	}
}
