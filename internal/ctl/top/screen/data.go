// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package screen is what tamtamctl top looks like and how its keys work: data and a size in,
// lines out; bytes in, keys out. It does no IO, and knows neither terminals nor the API. All
// texts that it gets must be escaped for a terminal.
package screen

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Data is what the screen shows. Slices are replaced and never changed, so that a copy stays
// valid.
type Data struct {
	// The local node.
	Name, Address, Cluster, Profile string
	Started                         time.Time
	Detection                       time.Duration // 0: not known

	At      time.Time // when the members and rates were read
	Members []Member  // in the order of their addresses
	Changes []Change  // the newest first
	Rates   *Rates    // nil: not known yet

	// Removed says how the node was removed from its cluster, and Remedy how it joins again;
	// empty if it was not.
	Removed, Remedy string

	// Lost is why the node does not answer, since LostAt; empty if it does.
	Lost   string
	LostAt time.Time
}

// Member is a row.
type Member struct {
	Address, Name, Status string
	Since                 time.Time
	Trip                  time.Duration // 0: not known
	TripText              string
	Loss                  float64 // 0 to 1; below 0: not known
	Version, Notes, Tags  string
}

// Change is one of the last changes.
type Change struct {
	Time   time.Time
	Status string
	Text   string // which member, and why
}

// Order is what the members are sorted by.
type Order int

// The orders, as the s key goes through them.
const (
	ByAddress Order = iota
	ByName
	ByStatus    // trouble first
	ByRoundTrip // the longest first
	ByLoss      // the highest first
	orders
)

func (o Order) String() string {
	return [orders]string{"address", "name", "status", "round trip", "loss"}[o]
}

// statusOrder sorts trouble first.
var statusOrder = map[string]int{"SUSPECTED": -4, "DEAD": -3, "ALIVE": -2, "LEFT": -1}

// chosen returns the members with the filter in their address, name or tags, sorted. Equal
// ones stay in the order of their addresses.
func chosen(members []Member, order Order, filter string) []Member {
	filter = strings.ToLower(filter)
	var out []Member
	for _, m := range members {
		if strings.Contains(strings.ToLower(m.Address+"\n"+m.Name+"\n"+m.Tags), filter) {
			out = append(out, m)
		}
	}
	if order != ByAddress {
		slices.SortStableFunc(out, func(a, b Member) int {
			switch order {
			case ByName:
				return strings.Compare(a.Name, b.Name)
			case ByStatus:
				return cmp.Compare(statusOrder[a.Status], statusOrder[b.Status])
			case ByRoundTrip:
				return cmp.Compare(b.Trip, a.Trip)
			default:
				return cmp.Compare(b.Loss, a.Loss)
			}
		})
	}
	return out
}
