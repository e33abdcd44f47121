// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"net/netip"
	"slices"
	"time"
)

const (
	// askEvery is how often a member that has not confirmed a value gets it again: the wire
	// retransmits meanwhile, and gives up after some seconds.
	askEvery = time.Second
	// askSoon is the same if the wire did not take it.
	askSoon = 100 * time.Millisecond
)

// wait is a caller who waits for members to have a value, or a later one.
type wait struct {
	stamp
	name  string                  // of the topic
	has   map[netip.AddrPort]bool // the members that were live
	again time.Time               // when those that have not confirmed it are asked again
}

// await begins to wait for all members to have a value.
func (c *Core) await(v Value, now time.Time) (id uint64) {
	w := &wait{stamp: stamp{hash([]byte(v.Topic)), v.Time}, name: v.Topic, has: make(map[netip.AddrPort]bool, len(c.list)), again: now.Add(askEvery)}
	for _, a := range c.list {
		w.has[a] = false
	}
	c.lastID++
	c.waits[c.lastID] = w
	c.awaited += len(w.has)
	return c.lastID
}

// Forget ends a wait.
func (c *Core) Forget(id uint64) {
	if w := c.waits[id]; w != nil {
		c.awaited -= len(w.has)
		delete(c.waits, id)
	}
}

// Progress returns how many members have the value that a caller waits for, and which do not, ordered.
// Members that have died are neither.
func (c *Core) Progress(id uint64) (have int, missing []netip.AddrPort) {
	w := c.waits[id]
	if w == nil {
		return 0, nil
	}
	for a, has := range w.has {
		if has {
			have++
		} else {
			missing = append(missing, a)
		}
	}
	slices.SortFunc(missing, netip.AddrPort.Compare)
	return have, missing
}

// awaits reports whether a caller waits for a member to have the value of a topic.
func (c *Core) awaits(a netip.AddrPort, topic uint64) bool {
	for _, w := range c.waits {
		if has, waits := w.has[a]; w.topic == topic && waits && !has {
			return true
		}
	}
	return false
}

// gone ends the waiting for a member.
func (c *Core) gone(a netip.AddrPort) {
	for _, w := range c.waits {
		if _, waits := w.has[a]; waits {
			delete(w.has, a)
			c.awaited--
		}
	}
}

// askAgain sends values to those again that have not confirmed them, or asks for a confirmation if a value
// does not get through.
func (c *Core) askAgain(now time.Time) {
	for _, w := range c.waits {
		if w.again.After(now) {
			continue
		}
		w.again = now.Add(askEvery)
		e := c.table.entries[w.name]
		for a, has := range w.has {
			switch {
			case has:
			case e != nil && c.sends.AllowN(now, 1) && c.pushTo(a, e):
			default:
				c.cfg.Send(a, encodeAsk(w.stamp))
				w.again = now.Add(askSoon)
			}
		}
	}
}

// onHave notes that a member has a value, or has refused it.
func (c *Core) onHave(from netip.AddrPort, b []byte) bool {
	status, s, ok := parseHave(b)
	if !ok {
		return false
	}
	if status == statusFuture || status == statusRefused {
		c.counts.Inc(refusedByOthers)
	}
	if status != statusHas {
		return true
	}
	for _, w := range c.waits {
		if _, waits := w.has[from]; waits && w.topic == s.topic && s.time >= w.time {
			w.has[from] = true
		}
	}
	return true
}

// onAsk says whether this node has a value, or a later one.
func (c *Core) onAsk(from netip.AddrPort, b []byte) bool {
	s, ok := parseAsk(b)
	if !ok {
		return false
	}
	status := byte(statusLacks)
	for _, e := range c.table.entries {
		if e.topic == s.topic && e.Time >= s.time {
			status = statusHas
		}
	}
	c.cfg.Send(from, encodeHave(status, s))
	return true
}
