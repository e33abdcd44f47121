// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package top is what tamtamctl top shows and how its keys are taken: data and a size
// in, lines out; bytes in, keys out. It does no IO, and knows neither terminals nor
// the API. All text that it is given must be fit for a terminal.
package top

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Data is what is shown. The slices are replaced and never changed, so that a copy
// stays as it is.
type Data struct {
	// The node that is asked.
	Name, Address, Cluster, Profile string
	Started                         time.Time
	Detection                       time.Duration // 0 when not known

	At      time.Time // when the members and rates were read
	Members []Member  // in the order of their addresses
	Changes []Change  // the newest first
	Rates   *Rates    // nil when not known yet

	// Lost is why the node does not answer, since LostAt; empty when it does.
	Lost   string
	LostAt time.Time
}

// Member is a row.
type Member struct {
	Address, Name, Status string
	Since                 time.Time
	Trip                  time.Duration // 0 when not known
	TripText              string
	Loss                  float64 // 0 to 1; below 0 when not known
	Version, Notes, Tags  string
}

// Change is a line of the last changes.
type Change struct {
	Time   time.Time
	Status string
	Text   string // of whom, and why
}

// Order is what the members are sorted by.
type Order int

// The orders, in the order in which a key goes through them.
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

// statusOrder has first what is of most interest.
var statusOrder = map[string]int{"SUSPECTED": -4, "DEAD": -3, "ALIVE": -2, "LEFT": -1}

// chosen returns the members that have the text in their address, name or tags, in an
// order; those that are alike in it stay in the order of their addresses.
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
