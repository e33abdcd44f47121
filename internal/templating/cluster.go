// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"sync"

	"github.com/eelcocramer/tamtam"
)

// cluster is the members as the events of a watch say. Its methods may be called by several goroutines.
type cluster struct {
	mu       sync.Mutex
	members  map[string]*tamtam.Member // by address
	complete bool                      // members are a whole list, and not a part of one
	away     bool                      // the watch is not connected; members are as they were
}

// apply takes an event, and reports whether the members are now a whole list that may have changed, and
// whether the daemon has gone or come back.
func (c *cluster) apply(e tamtam.Event) (changed, turned bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.away
	switch e.Kind {
	case tamtam.Present:
		c.set(e.Member)
	case tamtam.Change:
		if c.set(e.Member); e.Change.GetRemoved() {
			delete(c.members, e.Member.GetAddress())
		}
		changed = c.complete
	case tamtam.Snapshot:
		c.complete, c.away = false, false
	case tamtam.Resumed:
		c.away = false
	case tamtam.Synced:
		c.complete, c.away, changed = true, false, true
	case tamtam.Disconnected:
		c.away = !e.Slow
	}
	return changed, c.away != was
}

func (c *cluster) set(m *tamtam.Member) {
	if c.members == nil {
		c.members = map[string]*tamtam.Member{}
	}
	c.members[m.GetAddress()] = m
}

// view returns the cluster as templates see it; nil while it is not known, or the daemon is away: then nobody can say
// whether the daemon had joined its cluster when it had this list.
func (c *cluster) view() *view {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.complete || c.away {
		return nil
	}
	list := make([]*tamtam.Member, 0, len(c.members))
	for _, m := range c.members {
		list = append(list, m)
	}
	return newView(list)
}
