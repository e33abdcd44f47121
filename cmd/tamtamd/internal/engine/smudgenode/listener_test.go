// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net"
	"net/netip"
	"testing"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// TestLateEventHasTheStatusNow: whatever the order in which Smudge reports changes, the last event
// has the status that the node has.
func TestLateEventHasTheStatusNow(t *testing.T) {
	node, err := smudge.CreateNodeByIP(net.IPv4(127, 1, 2, 3), 9)
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(netip.AddrPortFrom(loopback, 1), counters.NewSet())
	for _, late := range []smudge.NodeStatus{smudge.StatusAlive, smudge.StatusDead, smudge.StatusSuspected} {
		l.OnChange(node, late)
	}
	queue, overflow, _ := l.take()
	if len(queue) != 3 || overflow || queue[2].status != datagram.Status(node.Status()) {
		t.Errorf("queued %v, overflow %v; the status is %v", queue, overflow, node.Status())
	}
}
