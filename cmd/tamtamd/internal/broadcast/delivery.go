// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
)

// delivery is what one call sends, and to whom.
type delivery struct {
	to    recipients.Recipients
	parts []part
	// matches has the members whose tags matched when it was sent, as this node knew them.
	matches map[netip.AddrPort]bool
	awaits  bool // reports of the receivers
}

// part is a message of a call. There are several if it names more members than fit into one.
type part struct {
	recipients.Part
	first, sequence uint64 // of its first piece, and of its last
}

// progress is what has become of a delivery.
type progress struct {
	live, have int              // members that it is for, and that have it
	open       bool             // more may still have it
	missing    []netip.AddrPort // those that it is for and that do not have it, ordered
}

// addressLocked returns the delivery of a request. Fails with ErrTooFew, ErrUnaddressable, ErrBusy or
// recipients.ErrUnknown.
func (b *Broadcaster) addressLocked(r Request) (*delivery, error) {
	d := &delivery{to: r.To, awaits: r.Wait != 0 && len(r.To.Tags) > 0, matches: map[netip.AddrPort]bool{}}
	want := r.Wait
	if want == All {
		want = r.Least
	}
	live := len(b.core.members)
	if !r.To.All() {
		var err error
		if live, err = b.matchLocked(d); err != nil {
			return nil, err
		}
	}
	if want > live {
		return nil, fmt.Errorf("%w: %d can confirm a message, want %d; nothing was sent", ErrTooFew, live, want)
	}
	for _, p := range d.to.Encode(d.awaits, headRoom(r.Topic, r.Payload)) {
		d.parts = append(d.parts, part{Part: p})
	}
	if d.awaits && !b.core.CanAwait(len(d.parts)) {
		return nil, fmt.Errorf("%w: too many members are waited for by other calls", ErrBusy)
	}
	return d, nil
}

// matchLocked notes which members match, and returns how many of the others are live and do.
func (b *Broadcaster) matchLocked(d *delivery) (live int, err error) {
	if old := b.core.earlier(); len(old) > 0 {
		more := ""
		if n := len(old) - 1; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		return 0, fmt.Errorf("%w: %s%s of an earlier version cannot take a message that is for some members only", ErrUnaddressable, old[0], more)
	}
	some, err := d.to.Among(b.members)
	if err != nil {
		return 0, err
	}
	named := len(d.to.Members) > 0
	d.to.Members = nil // each once from now on
	for _, m := range some {
		if named {
			d.to.Members = append(d.to.Members, m.Addr)
		}
		switch {
		case m.Plain() && named:
			return 0, fmt.Errorf("%w: %s is a plain Smudge node, which takes only messages for all members", ErrUnaddressable, m.Addr)
		case m.Plain() || m.Local:
			continue
		}
		if d.matches[m.Addr] = filter.MatchTags(m.Tags, d.to.Tags); d.matches[m.Addr] && m.Status.Live() {
			live++
		}
	}
	return live, nil
}

// sendLocked sends the messages of a delivery.
func (b *Broadcaster) sendLocked(now time.Time, d *delivery, r Request) Receipt {
	var m Message
	payload := bytes.Clone(r.Payload)
	for i := range d.parts {
		p := &d.parts[i]
		m = b.core.BroadcastTo(now, r.Topic, payload, p.Text)
		p.first, p.sequence = m.Sequence+1-uint64(max(m.pieces, 1)), m.Sequence
		if d.awaits {
			b.core.AwaitReports(m.Sequence)
		}
	}
	if r.To.All() {
		b.sendPlainLocked(m)
	}
	b.Wake() // to push it, with what others send meanwhile
	members := len(b.core.members)
	if m.pieces == 0 {
		members += len(b.plain.members)
	}
	return Receipt{Stream: m.Stream, Sequence: m.Sequence, Members: members}
}

func (d *delivery) forget(c *Core) {
	for _, p := range d.parts {
		c.ForgetReports(p.sequence)
	}
}

// progress returns what has become of a delivery.
func (d *delivery) progress(c *Core) (p progress) {
	if d.to.All() {
		p.have, p.missing = c.haveAll(d.parts[0].first, d.parts[0].sequence)
		p.open = len(p.missing) > 0
		return p
	}
	for _, one := range d.parts {
		members := one.Members
		if len(members) == 0 {
			members = c.list
		}
		for _, a := range members {
			d.add(&p, c, a, one)
		}
	}
	slices.SortFunc(p.missing, netip.AddrPort.Compare)
	return p
}

// add adds what has become of a message for some members at one of them.
func (d *delivery) add(p *progress, c *Core, a netip.AddrPort, one part) {
	t := c.members[a]
	met := t != nil && t.from < one.sequence
	mine := met && t.hasAll(one.first, one.sequence)
	known := mine
	if d.awaits {
		mine, known = c.Reported(a, one.sequence)
	} else if !d.matches[a] {
		mine = false
	}
	switch {
	case mine:
		p.have++
		p.live++
	case known || !met && !d.matches[a]: // it is not for that member
	case !met: // it has died, or restarted since
		if len(d.to.Members) > 0 {
			p.missing = append(p.missing, a)
		}
	default:
		p.open = true
		if d.matches[a] {
			p.live++
			p.missing = append(p.missing, a)
		}
	}
}
