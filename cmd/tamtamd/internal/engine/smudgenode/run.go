// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"context"
	"net/netip"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// Run reports status changes to the Handler until ctx is done. It
// does not go on if Smudge stands still: see Iterations.
func (n *Node) Run(ctx context.Context) {
	for {
		n.touch()
		n.iterations.Add(1)
		select {
		case <-n.listener.wake:
			queue, overflow, late := n.listener.take()
			n.late(late)
			if overflow {
				n.resync()
			}
			for _, e := range queue {
				n.report(e)
			}
		case <-ctx.Done():
			return
		}
	}
}

// late reports how late something was, if it was.
func (n *Node) late(by time.Duration) {
	if by > 0 && n.cfg.Late != nil {
		n.cfg.Late(by)
	}
}

func (n *Node) report(e event) {
	n.mu.Lock()
	p := n.byVirtual[e.virtual]
	var by netip.AddrPort
	if e.source == n.virtual {
		by = n.cfg.Local
	} else if s := n.byVirtual[e.source]; s != nil {
		by = s.real
	}
	n.mu.Unlock()
	if p != nil && e.status >= datagram.Alive && e.status <= datagram.Dead {
		n.handler.OnStatus(p.real, e.status, by)
	}
}

// resync reports the present status of every node.
func (n *Node) resync() {
	for _, node := range smudge.AllNodes() {
		n.report(event{virtual: virtualOf(node), status: datagram.Status(node.Status())})
	}
}

// State is what Smudge knows of a peer besides its status.
type State struct {
	Age         time.Duration // since it last answered or changed its status
	EmitCounter int           // how many more times its status is gossiped
	PingMillis  int           // last round trip; -1 without data, -2 timed out
	Timestamp   uint32        // when Age began, milliseconds since 1970 mod 2³²
}

// States returns the state of every peer.
func (n *Node) States() map[netip.AddrPort]State {
	nodes := smudge.AllNodes()
	states := make(map[netip.AddrPort]State, len(nodes))
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, node := range nodes {
		p := n.byVirtual[virtualOf(node)]
		if p == nil {
			continue
		}
		states[p.real] = State{
			Age:         time.Duration(node.Age()) * time.Millisecond,
			EmitCounter: int(node.EmitCounter()),
			PingMillis:  node.PingMillis(),
			Timestamp:   node.Timestamp(),
		}
	}
	return states
}
