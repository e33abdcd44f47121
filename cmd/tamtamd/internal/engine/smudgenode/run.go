// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"context"
	"maps"
	"net/netip"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// forgottenCheck is the time between two checks for peers that Smudge has removed. It
// does not report them.
const forgottenCheck = 10 * time.Second

// Run reports status changes and forgotten peers to the Handler until ctx is done. It
// does not go on if Smudge stands still: see Iterations.
func (n *Node) Run(ctx context.Context) {
	tick := time.NewTicker(forgottenCheck)
	defer tick.Stop()
	for {
		n.touch()
		n.iterations.Add(1)
		select {
		case <-n.listener.wake:
			queue, overflow := n.listener.take()
			if overflow {
				n.resync()
			}
			for _, e := range queue {
				n.report(e)
			}
		case <-tick.C:
			n.dropForgotten()
		case <-ctx.Done():
			return
		}
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

// dropForgotten removes and reports the peers that Smudge has given up after its ten
// retries.
func (n *Node) dropForgotten() {
	for _, p := range n.missing() {
		if n.remove(p) { // false if the peer has been added again meanwhile
			n.handler.OnForgotten(p.real)
		}
	}
}

// missing returns the peers that Smudge does not have.
func (n *Node) missing() map[netip.AddrPort]*peer {
	n.delivering.Lock() // no Add is half done
	defer n.delivering.Unlock()
	n.mu.Lock()
	missing := maps.Clone(n.byVirtual)
	n.mu.Unlock()
	for _, node := range smudge.AllNodes() {
		delete(missing, virtualOf(node))
	}
	return missing
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
