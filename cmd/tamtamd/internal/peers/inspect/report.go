// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"cmp"
	"hash/fnv"
	"net/netip"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

const (
	// unackedTold is for how long a member must have acknowledged nothing to be reported:
	// longer than a lost frame or two take, shorter than a frame lives.
	unackedTold = time.Second
	// maxReport is the largest InspectAnswer in bytes: an Answer takes at most 8 around it,
	// and the token of a question 8.
	maxReport = wire.MaxRelayedData - 8 - 8
	// maxConflicts leaves room for troubles in it.
	maxConflicts = 2
	// maxNeverReached bounds the nodes in it that this one has never reached: it knows of them only from
	// others, who may invent some.
	maxNeverReached = 8
)

// statuses are the numbers of tamtam.v1.MemberStatus.
var statuses = map[member.Status]uint32{member.Alive: 1, member.Suspected: 2, member.Dead: 3, member.Left: 4}

// Answer answers the question of a member.
func (i *Inspector) Answer(from netip.AddrPort, _ *peerv1.InspectQuestion) (*peerv1.Answer, error) {
	return &peerv1.Answer{Answer: &peerv1.Answer_Inspect{Inspect: i.report(i.links(), from)}}, nil
}

// links are the open links of this node.
func (i *Inspector) links() map[netip.AddrPort]wire.Link {
	all := map[netip.AddrPort]wire.Link{}
	for _, l := range i.Wire.Links() {
		all[l.Addr] = l
	}
	return all
}

// report returns the state of this node, and how it sees the asker, if that is another.
func (i *Inspector) report(links map[netip.AddrPort]wire.Link, asker netip.AddrPort) *peerv1.InspectAnswer {
	r := &peerv1.InspectAnswer{
		Version: i.Self.Version, SmudgeVersion: i.SmudgeVersion,
		MaxPayloadBytes: uint32(i.Self.MaxPayload), Profile: i.Profile,
		Heartbeat: durationpb.New(i.Heartbeat()),
	}
	r.Sealed, r.Encryption = i.Encryption().Sends(), i.Encryption().String()
	if i.Keys != nil {
		r.Keys = i.Keys()
	}
	use := i.Descriptors()
	r.DescriptorLimit, r.DescriptorsOpen, r.DescriptorsWanted = uint32(use.Limit), uint32(use.Open), uint32(use.Wanted)
	conflicts := i.Conflicts()
	for _, k := range conflicts[:min(len(conflicts), maxConflicts)] {
		r.Conflicts = append(r.Conflicts, &peerv1.Conflict{Address: k.Addr.String(), First: text(k.First), Second: text(k.Second)})
	}
	members, _ := i.Members.List()
	unreached, listed := i.Unreached(), map[netip.AddrPort]bool{}
	for _, a := range unreached {
		listed[a] = false
	}
	live, dead := fnv.New64a(), fnv.New64a()
	for _, m := range members {
		switch m.Status {
		case member.Alive:
			r.Alive++
		case member.Suspected:
			r.Suspected++
		case member.Dead:
			r.Dead++
		case member.Left:
			r.Left++
		}
		l, open := links[m.Addr]
		b, _ := m.Addr.MarshalBinary() // never fails
		b = append(b, byte(len(b)))
		switch {
		case m.Status.Live():
			_, _ = live.Write(b)
		case m.Status == member.Dead:
			_, _ = dead.Write(b)
		}
		if m.Addr == asker {
			r.Asker, r.AskerSession, r.AskerStatus = m.Addr.String(), m.Session, statuses[m.Status]
			if open {
				r.Link = peers.EncodeLink(l)
			}
		}
		if t := troubleOf(m, l, open); t != nil {
			if _, t.Unreached = listed[m.Addr]; t.Unreached {
				listed[m.Addr] = true
			}
			r.Troubles = append(r.Troubles, t)
		}
	}
	r.Troubles = append(r.Troubles, neverReached(unreached, listed)...)
	r.Digest, r.DeadDigest = live.Sum64(), dead.Sum64()
	r.Clock = timestamppb.New(i.now())
	fit(r)
	return r
}

// text returns an address as text; the empty string if it is invalid.
func text(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// troubleOf returns what is wrong with a member, nil when nothing is.
func troubleOf(m member.Member, l wire.Link, open bool) *peerv1.Trouble {
	unacked := open && m.Status.Live() && l.Unacked >= unackedTold
	relayed := m.Status.Live() && m.Via.IsValid()
	if m.Local || !unacked && !relayed && m.Status != member.Suspected && m.Status != member.Dead {
		return nil
	}
	t := &peerv1.Trouble{Ip: m.Addr.Addr().AsSlice(), Port: uint32(m.Addr.Port()), Status: statuses[m.Status]}
	if relayed {
		t.Via = peers.EncodeAddr(m.Via)
	}
	if open {
		t.HeardMs, t.UnackedMs = proto.Uint32(peers.Millis(l.Heard)), peers.Millis(l.Unacked)
	}
	return t
}

// neverReached returns troubles with those of the addresses that this node does not list, in order.
func neverReached(all []netip.AddrPort, listed map[netip.AddrPort]bool) (troubles []*peerv1.Trouble) {
	for _, a := range all {
		if !listed[a] && len(troubles) < maxNeverReached {
			troubles = append(troubles, &peerv1.Trouble{Ip: a.Addr().AsSlice(), Port: uint32(a.Port()), Unreached: true})
		}
	}
	return troubles
}

// fit leaves off troubles until a report fits into a frame: of the dead first, of whom
// everybody knows, so that a link that is bad one way is told, or a node that is not reached.
func fit(r *peerv1.InspectAnswer) {
	rank := func(t *peerv1.Trouble) uint32 {
		if t.Unreached {
			return 2*statuses[member.Dead] - 1 // before the others that are dead; the other members matter more
		}
		return 2 * t.Status
	}
	slices.SortStableFunc(r.Troubles, func(a, b *peerv1.Trouble) int { return cmp.Compare(rank(a), rank(b)) })
	for len(r.Troubles) > 0 && proto.Size(r) > maxReport {
		r.Troubles = r.Troubles[:len(r.Troubles)-1]
		r.MoreTroubles++
	}
}
