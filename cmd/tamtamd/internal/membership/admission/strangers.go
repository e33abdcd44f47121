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

// The first firstLogged packets of unknown sources are logged, then one in logEvery.
const (
	firstLogged = 3
	logEvery    = 10 * time.Second
)

// Strangers are the unknown sources: the machines that sent packets which no key of this
// node opens, or, if it has no keys, sealed ones. They are not answered, and anybody can
// write any address into such a packet: they only make words.
type Strangers struct {
	last   map[netip.Addr]time.Time
	logged int
	at     time.Time // when one was last logged
}

// NewStrangers returns an empty list.
func NewStrangers() *Strangers { return &Strangers{last: make(map[netip.Addr]time.Time)} }

// Note notes a packet, and reports whether it should be logged.
func (s *Strangers) Note(a netip.Addr, now time.Time) (log bool) {
	if _, known := s.last[a]; !known && len(s.last) >= MaxStrangers {
		for other := range s.last {
			delete(s.last, other)
			break
		}
	}
	s.last[a] = now
	if s.logged >= firstLogged && now.Sub(s.at) < logEvery {
		return false
	}
	s.logged++
	s.at = now
	return true
}

// HeardSince reports whether a packet came from a machine after some time.
func (s *Strangers) HeardSince(a netip.Addr, t time.Time) bool { return s.last[a].After(t) }

// All returns the machines, MaxStrangers at most, and when the last packet of each came.
func (s *Strangers) All() map[netip.Addr]time.Time { return maps.Clone(s.last) }
