// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// askedNode is the MEMBER of --near that is the node that is asked, whatever names members have.
const askedNode = "me"

// linksAtOnce is how many members one call of GetLinks may name in to.
const linksAtOnce = 100

// trips are the round trips from one member to others.
type trips struct {
	from  *tamtamv1.Member
	known map[string]time.Duration // by address
}

// nearness returns the round trips from the member that a text stands for to some members. Fails
// with an unmeasuredError if it has measured none or does not report.
func nearness(ctx context.Context, c *client.Conn, text string, to []*tamtamv1.Member) (t trips, err error) {
	if text == askedNode {
		r, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
		if err != nil {
			return t, err
		}
		t.from = r.GetMember()
	} else if t.from, err = member(ctx, c, text); err != nil {
		return t, err
	}
	t.known = map[string]time.Duration{}
	if t.from.GetLocal() { // the list has them
		for _, m := range to {
			if m.GetRoundTrip() != nil {
				t.known[m.GetAddress()] = m.GetRoundTrip().AsDuration()
			}
		}
		return t, nil
	}
	for some := range slices.Chunk(to, linksAtOnce) {
		l, err := linksFrom(ctx, c, some, t.from)
		if err != nil {
			return t, err
		}
		if why := l.why(t.from); why != "" {
			return t, &unmeasuredError{label(t.from) + " reports no round trips: " + why, l.silent(t.from)}
		}
		for _, m := range some {
			if d := l.of(t.from, m).GetRoundTrip(); d != nil {
				t.known[m.GetAddress()] = d.AsDuration()
			}
		}
	}
	return t, nil
}

// sort sorts members: the one that has measured first, then by round trip, the unknown last; those
// that are equal stay in their order.
func (t trips) sort(members []*tamtamv1.Member) {
	far := func(m *tamtamv1.Member) int {
		_, known := t.known[m.GetAddress()]
		switch {
		case m.GetAddress() == t.from.GetAddress():
			return 0
		case known:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(members, func(a, b *tamtamv1.Member) int {
		return cmp.Or(cmp.Compare(far(a), far(b)), cmp.Compare(t.known[a.GetAddress()], t.known[b.GetAddress()]))
	})
}

// millis returns the round trip to a member as JSON has it; nil if it is not known.
func (t trips) millis(m *tamtamv1.Member) *float64 {
	d, known := t.known[m.GetAddress()]
	if !known {
		return nil
	}
	ms := output.MillisOf(d)
	return &ms
}

// column returns the round trips that a table needs a column for; nil if it has them anyway.
func (t trips) column() map[string]time.Duration {
	if t.from.GetLocal() {
		return nil
	}
	return t.known
}

// links are the links of some members, as they report them.
type links struct {
	nodes map[string]*tamtamv1.LinkNode            // by address
	to    map[string]map[string]*tamtamv1.NodeLink // by the addresses of both ends
}

// linksFrom asks members, two at most, for their links to each other and to others.
func linksFrom(ctx context.Context, c *client.Conn, to []*tamtamv1.Member, from ...*tamtamv1.Member) (l links, err error) {
	request := &tamtamv1.GetLinksRequest{}
	for _, m := range from {
		request.From = append(request.From, m.GetAddress())
	}
	for _, m := range to {
		request.To = append(request.To, m.GetAddress())
	}
	r, err := c.GetLinks(ctx, request)
	if err != nil {
		return l, err
	}
	l = links{map[string]*tamtamv1.LinkNode{}, map[string]map[string]*tamtamv1.NodeLink{}}
	for _, n := range r.GetNodes() {
		ends := map[string]*tamtamv1.NodeLink{}
		for _, one := range n.GetLinks() {
			if i := int(one.GetTo()); i < len(r.GetNodes()) {
				ends[r.GetNodes()[i].GetAddress()] = one
			}
		}
		l.nodes[n.GetAddress()], l.to[n.GetAddress()] = n, ends
	}
	return l, nil
}

// of returns the link of a member to another; nil if it is not known.
func (l links) of(from, to *tamtamv1.Member) *tamtamv1.NodeLink {
	return l.to[from.GetAddress()][to.GetAddress()]
}

// why returns a sentence that says why the links of a member are not known; "" if they are.
func (l links) why(m *tamtamv1.Member) string {
	if n, ok := l.nodes[m.GetAddress()]; ok {
		return n.GetError()
	}
	// Such a daemon returns the links of a hundred members, whatever is asked.
	return "the daemon that was asked is of an earlier version, and the member is none of those whose links it reports"
}

// silent reports whether a member could have reported its links, and has not.
func (l links) silent(m *tamtamv1.Member) bool {
	return l.nodes[m.GetAddress()].GetError() != "" && arg.Live(m) && !m.GetPlain()
}

// label returns the name of a member, or its address if it has none.
func label(m *tamtamv1.Member) string { return cmp.Or(render.Name(m), m.GetAddress()) }
