// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"strings"
	"testing"
)

// TestTwoNodesWithOneAddress: the first keeps it, all are told, and so is the second.
func TestTwoNodesWithOneAddress(t *testing.T) {
	all := Cluster(t, bin, 2)
	address := all[1].Gossip.String()
	second := StartDaemon(t, bin, nil, "--advertise", address, "--join", all[0].Gossip.String())
	all[0].finds("the conflict", 1, func(d diagnosis) bool {
		return d.has("address", "failure", all[1], "two nodes advertise "+address+": from "+address+" and from 127.0.0.1:")
	})
	Eventually(t, "the log says so", func() bool { return strings.Contains(all[0].out.String(), "two nodes advertise one address") })
	Eventually(t, "the second is told", func() bool { return strings.Contains(second.out.String(), "another node answers at the address") })
	second.finds("the other node", 1, func(d diagnosis) bool {
		return d.has("address", "failure", second, "another node answers at "+address)
	})
	if !all[0].Has(all[1]) {
		t.Errorf("the first is %s", all[0].Status(all[1]))
	}
}
