// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// window is how far back the counts of a link go when they can: those of the session
// tell of yesterday's loss.
const window = time.Minute

// link names a link.
type link struct{ from, to netip.AddrPort }

// sample is what a link had counted at a time.
type sample struct {
	time         time.Time
	life         uint64 // of the node that counts
	sent, resent uint64
}

// before tells whether the counts of s go on from those of old, as far as can be told.
func (old sample) before(s sample) bool {
	return old.life == s.life && old.sent <= s.sent && old.resent <= s.resent && s.time.Sub(old.time) <= window
}

// links makes the links of a node, by index, from its answer, which is sound.
func (o *Observer) links(now time.Time, nodes []Node, from int, answer *peerv1.LinksAnswer) []Link {
	out := make([]Link, len(nodes))
	for i, trip := range answer.GetRoundTrips() {
		if trip == 0 || i == from {
			continue
		}
		s := sample{now, answer.GetSession(), answer.GetSent()[i], answer.GetResent()[i]}
		out[i] = o.note(link{nodes[from].Addr, nodes[i].Addr}, s)
		out[i].Open, out[i].RoundTrip = true, time.Duration(trip-1)*time.Microsecond
	}
	return out
}

// own makes the links of this node.
func (o *Observer) own(all []wire.Link) map[netip.AddrPort]Link {
	now := o.Now()
	out := make(map[netip.AddrPort]Link, len(all))
	for _, l := range all {
		made := o.note(link{o.Local, l.Addr}, sample{now, o.Session, l.Sent, l.Resent})
		made.Open, made.RoundTrip = true, l.RoundTrip
		out[l.Addr] = made
	}
	return out
}

// note keeps a sample, and returns the counts since the first one within the window.
func (o *Observer) note(key link, s sample) Link {
	kept := slices.DeleteFunc(o.samples[key], func(old sample) bool { return !old.before(s) })
	o.samples[key] = append(kept, s)
	if len(kept) == 0 {
		return Link{Sent: s.sent, Resent: s.resent}
	}
	first := kept[0]
	return Link{Sent: s.sent - first.sent, Resent: s.resent - first.resent, Window: s.time.Sub(first.time)}
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
