// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"testing"
	"time"
)

// copiesOf returns the copies of messages that all nodes of a cluster have pushed.
func copiesOf(s *sim) (all uint64) {
	for _, n := range s.list {
		m := map[string]uint64{}
		n.Counters(m)
		all += m[pushed.Name]
	}
	return all
}

// TestOriginPushesOneCopyEach: up to pushAll members the origin pushes a message to all,
// and nobody passes it on.
func TestOriginPushesOneCopyEach(t *testing.T) {
	for _, nodes := range []int{66, 100, pushAll + 1} {
		s := meshed(t, experiment{nodes: nodes, fanOut: FanOut(nodes), direct: true}, 1)
		const messages = 10
		for range messages {
			s.list[0].say()
			s.run(50 * time.Millisecond)
		}
		if got, want := copiesOf(s), uint64(messages*(nodes-1)); got != want {
			t.Errorf("%d nodes: %d copies of %d messages, want %d", nodes, got, messages, want)
		}
		for _, n := range s.list {
			n.whole(t, s.list[0].cfg.Local, 1, messages)
		}
	}
}

// TestOriginSharesTheWork: in a larger cluster the members pass a message on.
func TestOriginSharesTheWork(t *testing.T) {
	large := meshed(t, experiment{nodes: pushAll + 2, fanOut: 5, direct: true}, 1)
	large.list[0].say()
	m := map[string]uint64{}
	large.list[0].Counters(m)
	if m[pushed.Name] != 5 {
		t.Errorf("the origin pushed %d copies to %d members, want 5", m[pushed.Name], pushAll+1)
	}
}

// TestDirectKeepsPace: an origin that pushes to all itself is no slower for it.
func TestDirectKeepsPace(t *testing.T) {
	largeClusterKeepsPace(t, experiment{nodes: 66, fanOut: FanOut(66), direct: true})
}
