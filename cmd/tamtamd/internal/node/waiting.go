// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// waiting are those who wait for an address to become a member, and for the answers to
// pings. Node.mu guards it. Each waits at a channel that has room for one answer.
type waiting struct {
	joins map[netip.AddrPort][]chan<- joined
	pings map[ping]chan<- pong
}

// joined is what becomes of an address.
type joined struct {
	member netip.AddrPort
	err    error
}

// ping names a question that waits for its answer: a hello by its nonce, a bare
// ping by its address and the heartbeat that the answer carries back.
type ping struct {
	nonce     uint64
	to        netip.AddrPort
	heartbeat uint32
}

// pong is the answer to a ping.
type pong struct {
	at  time.Time
	err error
}

func newWaiting() waiting {
	return waiting{joins: make(map[netip.AddrPort][]chan<- joined), pings: make(map[ping]chan<- pong)}
}

// answeredBy returns those who wait for what an output says: they wait no longer, and the
// output, when it is carried out, answers them.
func (w *waiting) answeredBy(o membership.Output) (joins []chan<- joined) {
	switch o := o.(type) {
	case membership.Admit:
		return w.takeJoins(o.Addr)
	case membership.Joined:
		return w.takeJoins(o.Addr)
	case membership.SelfRemoved:
		for a := range w.joins {
			joins = append(joins, w.takeJoins(a)...)
		}
	case membership.Redirected:
		if from := w.takeJoins(o.From); len(from) > 0 {
			w.joins[o.To] = append(w.joins[o.To], from...)
		}
	case membership.Echoed:
		w.answerPing(ping{to: o.From, heartbeat: o.Heartbeat}, pong{at: o.At})
	}
	return joins
}

func (w *waiting) takeJoins(a netip.AddrPort) []chan<- joined {
	joins := w.joins[a]
	delete(w.joins, a)
	return joins
}

// forgetJoin forgets one who no longer waits, for any address.
func (w *waiting) forgetJoin(done chan<- joined) {
	for a, all := range w.joins {
		rest := slices.DeleteFunc(all, func(ch chan<- joined) bool { return ch == done })
		if w.joins[a] = rest; len(rest) == 0 {
			delete(w.joins, a)
		}
	}
}

// pingAnswered reports whether an event of the wire is the answer to a ping. It is
// nothing else then.
func (w *waiting) pingAnswered(e wire.Event, now time.Time) bool {
	if e.Nonce == 0 {
		return false
	}
	a := pong{at: now}
	switch e.Kind {
	case wire.Answered:
	case wire.Refused:
		a.err = fmt.Errorf("%w at %s", ErrForeign, e.Addr)
	case wire.Itself:
		a.err = fmt.Errorf("%s %w", e.Addr, ErrSelf)
	default:
		return false
	}
	return w.answerPing(ping{nonce: e.Nonce}, a)
}

// answerPing answers the one who waits for a ping. It returns false when nobody does.
func (w *waiting) answerPing(p ping, a pong) bool {
	ch := w.pings[p]
	if ch == nil {
		return false
	}
	delete(w.pings, p)
	select {
	case ch <- a:
	default: // the other question was answered before
	}
	return true
}

// answer answers those who wait for an address.
func answer(joins []chan<- joined, j joined) {
	for _, ch := range joins {
		ch <- j // has room for one, and is only sent one
	}
}
