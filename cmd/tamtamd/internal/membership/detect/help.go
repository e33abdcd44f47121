// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

const (
	// maxHelp bounds the requests under way; past it one is ignored, and its asker has
	// other helpers.
	maxHelp = 256
	// helpInterval is the time between the first greetings of a member for others, and
	// maxHelpInterval that between the last; it is doubled each time. The other
	// helpers greet it as well, and it has most likely ended.
	helpInterval    = 80 * time.Millisecond
	maxHelpInterval = 4 * helpInterval
	// helpTimeouts is for how many probe timeouts a member is greeted for another.
	helpTimeouts = 2
)

// Request is what a member asks of this node as a helper: to ping the target for it.
type Request struct {
	Asker, Target netip.AddrPort
	Code          uint32 // the answer carries it back
	due, end      time.Time
	wait          time.Duration // after the last greeting; 0 before the first
}

// Help keeps the requests of others that are under way. Smudge would ping the target and,
// without an answer, judge it itself: each of nine helpers then accuses, on one ping, a
// member that only the asker had a reason to ask about. So the requests are kept from
// Smudge. The target is greeted instead, and only the asker judges.
//
//	A ─ PINGREQ(X) ─▶ B ─ hello ─▶ X
//	A ◀──── ACK ───── B ◀─ welcome ─ X
//
// The zero value has none under way.
type Help struct{ open []Request }

// Asked notes a request. It returns false if too many are under way. timeout is the probe
// timeout.
func (h *Help) Asked(r Request, timeout time.Duration, now time.Time) bool {
	h.open = slices.DeleteFunc(h.open, func(o Request) bool {
		return !o.end.After(now) || o.Asker == r.Asker && o.Target == r.Target && o.Code == r.Code
	})
	if len(h.open) >= maxHelp {
		return false
	}
	r.due, r.end = now, now.Add(helpTimeouts*timeout)
	h.open = append(h.open, r)
	return true
}

// Heard returns the requests that are answered, since a member was heard of.
func (h *Help) Heard(a netip.AddrPort) (answered []Request) {
	if len(h.open) == 0 {
		return nil
	}
	h.open = slices.DeleteFunc(h.open, func(r Request) bool {
		if r.Target == a {
			answered = append(answered, r)
		}
		return r.Target == a
	})
	return answered
}

// Tick returns the members to greet, each once however many ask. It returns when to call
// it next; the zero time is never.
func (h *Help) Tick(now time.Time) (greet []netip.AddrPort, next time.Time) {
	h.open = slices.DeleteFunc(h.open, func(r Request) bool { return !r.end.After(now) })
	for i := range h.open {
		r := &h.open[i]
		if !r.due.After(now) {
			r.wait = min(max(2*r.wait, helpInterval), maxHelpInterval)
			r.due = now.Add(r.wait)
			if !slices.Contains(greet, r.Target) {
				greet = append(greet, r.Target)
			}
		}
		next = deadline.Earlier(next, deadline.Earlier(r.due, r.end))
	}
	return greet, next
}
