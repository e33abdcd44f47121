// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"maps"
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// maxStrangers bounds the machines that are remembered for what no key opened.
const maxStrangers = 256

// unsealed learns that a packet came that no key of ours opens, or, without keys, that
// is sealed. It is not answered, and anybody can write any address into it: what is made
// of it are words.
func (n *Node) unsealed(src netip.AddrPort, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, known := n.strangers[src.Addr()]; !known && len(n.strangers) >= maxStrangers {
		for a := range n.strangers {
			delete(n.strangers, a)
			break
		}
	}
	n.strangers[src.Addr()] = now
	n.closed.Do(func() {
		why := "no key of this node opens it"
		p := n.peers[src]
		switch {
		case !n.cfg.Sealed:
			why = "it is sealed, and this node has no keyring: give it that of the cluster"
		case p != nil && p.status == member.Dead:
			why += ": the keys were changed while it, or this node, was away: compare tamtamctl keys list on both, and install what is missing"
		case p == nil:
			why += ": whoever sent it has no keyring or that of another cluster, or the keys were changed while it, or this node, was away"
		}
		_ = level.Warn(n.cfg.Logger).Log("msg", "packet dropped", "from", src, "why", why)
	})
}

// Strangers returns the machines that sent what no key of this node opens, or, when it
// has none, what is sealed, and when the last came: maxStrangers at most.
func (n *Node) Strangers() map[netip.Addr]time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.strangers)
}

// perhapsKeys returns what is to be added to the error of a greeting that was sent at
// that time, when something came back that no key opens, or when keys may be why nothing did.
func (n *Node) perhapsKeys(a netip.AddrPort, err error, sent time.Time) string {
	if !errors.Is(err, ErrNoAnswer) {
		return ""
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	at, heard := n.strangers[a.Addr()]
	switch {
	case heard && at.After(sent.Add(-time.Minute)) && n.cfg.Sealed:
		return ", but packets came from there that no key of this node opens: its keys are others"
	case heard && at.After(sent.Add(-time.Minute)):
		return ", but sealed packets came from there: this node needs the keyring of the cluster"
	case n.cfg.Sealed:
		return ": nobody is there, or its keys are others"
	}
	// A node with keys does not answer what is not sealed, so nothing tells of it.
	return ": nobody is there, or it has a keyring, and this node has none"
}
