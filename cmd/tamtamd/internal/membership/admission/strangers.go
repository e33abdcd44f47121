// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"maps"
	"net/netip"
	"time"
)

// MaxStrangers bounds the unknown sources that are remembered.
const MaxStrangers = 256

// Strangers are the unknown sources: the machines that sent packets which no key of this
// node opens, or, if it has no keys, sealed ones. They are not answered, and anybody can
// write any address into such a packet: they only make words.
type Strangers struct{ last map[netip.Addr]time.Time }

// NewStrangers returns an empty list.
func NewStrangers() *Strangers { return &Strangers{last: make(map[netip.Addr]time.Time)} }

// Note notes a packet.
func (s *Strangers) Note(a netip.Addr, now time.Time) {
	if _, known := s.last[a]; !known && len(s.last) >= MaxStrangers {
		for other := range s.last {
			delete(s.last, other)
			break
		}
	}
	s.last[a] = now
}

// HeardSince reports whether a packet came from a machine after some time.
func (s *Strangers) HeardSince(a netip.Addr, t time.Time) bool { return s.last[a].After(t) }

// All returns the machines, MaxStrangers at most, and when the last packet of each came.
func (s *Strangers) All() map[netip.Addr]time.Time { return maps.Clone(s.last) }
