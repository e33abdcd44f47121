// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// What users do and see at one node.

// Remove has a node remove another from the cluster.
func (c *Cluster) Remove(by, i int) {
	c.do(by, func(n *Node) {
		_ = n.membership.Remove(c.Network.Now(), Address(i), nil, false) // without operators, it can only be gone
		n.settle(c.Network.Now())
		c.Network.Wake(n.Addr)
	})
}

// SetTag has a node advertise a tag.
func (c *Cluster) SetTag(i int, key, value string) {
	c.do(i, func(n *Node) {
		_, _ = n.membership.SetTags(map[string]string{key: value}, nil)
		n.settle(c.Network.Now())
		c.Network.Wake(n.Addr)
	})
}

// Sees reports how a node sees another: its status, none if it is not listed, and its tags
// as package tags encodes them.
func (c *Cluster) Sees(by, i int) (s member.Status, tags string) {
	n := c.nodes[by]
	return n.view[i].status, n.tags[i]
}

// Death is one as a node shows it.
type Death struct {
	Session uint64
	By      netip.AddrPort
	Reason  member.Reason
	At      time.Time
}

// Death reports how a node shows the death of another, and whether it lists it as dead.
func (c *Cluster) Death(by, i int) (Death, bool) {
	n := c.nodes[by]
	return n.deaths[i], n.view[i].status == member.Dead
}

// seeTags notes the tags of a node.
func (n *Node) seeTags(a netip.AddrPort, tags string) {
	if i, ok := n.cluster.index[a]; ok && n.tags[i] != tags {
		n.tags[i] = tags
		n.cluster.version++
	}
}

// renew gives a node that was removed another session.
func (c *Cluster) renew(n *Node, now time.Time) {
	n.wire.Renew(now)
	c.renewed(n, n.wire.Session())
	n.membership.Renewed(n.session)
}

// renewed notes that a node has a new session.
func (c *Cluster) renewed(n *Node, session uint64) {
	count := func(times int) {
		for _, other := range c.nodes {
			if other != nil && other != n {
				c.right(other, n.Index, times)
			}
		}
	}
	count(-1)
	n.session = session
	count(1)
	c.version++
}

// Restore has nodes notice that they were restored from a snapshot.
func (c *Cluster) Restore(nodes ...int) {
	for _, i := range nodes {
		c.do(i, func(n *Node) {
			n.wire.Restart(c.Network.Now())
			n.settle(c.Network.Now())
			c.Network.Wake(n.Addr)
		})
	}
}

// join asks a node to be let in, again and again until it is, as the lab does.
func (n *Node) join(to int) {
	n.asks = to
	pending, err := n.membership.Join(n.cluster.Network.Now(), Address(to), true)
	if !pending {
		n.joined(Address(to), err)
	}
	n.settle(n.cluster.Network.Now())
	n.cluster.Network.Wake(n.Addr)
}

const joinAgain = 100 * time.Millisecond

func (n *Node) joined(a netip.AddrPort, err error) {
	if n.asks < 0 || a != Address(n.asks) {
		return
	}
	to := n.asks
	n.asks = -1
	if err != nil {
		n.cluster.Network.At(joinAgain, func() {
			if n.state == up {
				n.join(to)
			}
		})
	}
}
