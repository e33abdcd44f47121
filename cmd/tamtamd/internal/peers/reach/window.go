// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// window is how far back the counts of a link go when they can: those of the session
// would show yesterday's loss.
const window = time.Minute

// pair names a link.
type pair struct{ from, to netip.AddrPort }

// sample is what a link had counted at a time.
type sample struct {
	time         time.Time
	session      uint64 // of the node that counts
	sent, resent uint64
}

// before reports whether the counts of s continue those of old, as far as this node can know.
func (old sample) before(s sample) bool {
	return old.session == s.session && old.sent <= s.sent && old.resent <= s.resent && s.time.Sub(old.time) <= window
}

// links makes the links of a node, by index, from its answer, which is sound.
func (o *Observer) links(now time.Time, nodes []Node, from int, answer *peerv1.LinksAnswer) []wire.Link {
	out := make([]wire.Link, len(nodes))
	for j, i := range answer.GetNodes() {
		if int(i) != from {
			l := *peers.DecodeLink(nodes[i].Addr, answer.GetLinks()[j])
			out[i] = o.note(now, nodes[from].Addr, answer.GetSession(), l)
		}
	}
	return out
}

// own makes the links of this node, which counts in that session.
func (o *Observer) own(all []wire.Link, session uint64) map[netip.AddrPort]wire.Link {
	now := o.Now()
	out := make(map[netip.AddrPort]wire.Link, len(all))
	for _, l := range all {
		out[l.Addr] = o.note(now, o.Addr, session, l)
	}
	return out
}

// note keeps a sample of a link of a node, which counts in that session, and returns the
// link with the counts since the first sample within the window.
func (o *Observer) note(now time.Time, from netip.AddrPort, session uint64, l wire.Link) wire.Link {
	key, s := pair{from, l.Addr}, sample{now, session, l.Sent, l.Resent}
	kept := slices.DeleteFunc(o.samples[key], func(old sample) bool { return !old.before(s) })
	o.samples[key] = append(kept, s)
	if len(kept) > 0 {
		first := kept[0]
		l.Sent, l.Resent, l.Window = s.sent-first.sent, s.resent-first.resent, now.Sub(first.time)
	}
	return l
}

// forget drops what is out of the window. So there are at most the samples of the matrices
// of one minute, and of the links of this node.
func (o *Observer) forget(now time.Time) {
	for key, all := range o.samples {
		all = slices.DeleteFunc(all, func(s sample) bool { return now.Sub(s.time) > window })
		if o.samples[key] = all; len(all) == 0 {
			delete(o.samples, key)
		}
	}
}
