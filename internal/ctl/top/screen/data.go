// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package screen is what tamtamctl top looks like and how its keys work: data and a size in,
// lines out; bytes in, keys out. It does no IO, and knows neither terminals nor the API. All
// texts that it gets must be escaped for a terminal.
package screen

import (
	"cmp"
	"fmt"
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
	Encryption                      string        // such as "encrypted"; empty: not known

	At      time.Time // when the members and rates were read
	Members []Member  // in the order of their addresses
	Changes []Change  // the newest first
	// Judged reports that the cluster was inspected: Problems are all that doctor finds, the
	// worst first, and Agree of Of members list the same live members as this node.
	// Unjudged is why it cannot be inspected.
	Judged    bool
	Unjudged  string
	Problems  []Problem
	Agree, Of int
	// Pasts has the changes of members, by address, as far back as they are kept.
	Pasts map[string]Past
	Links *Matrix // nil: not known yet
	Rates *Rates  // nil: not known yet
	// Minutes has the rates of the last minutes, the oldest first, and then those of the minute
	// under way.
	Minutes []Rates

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
	Loss                  float64       // 0 to 1; below 0: not known
	Version, Notes, Tags  string
	Flapping              bool
}

// Problem is a finding of doctor, about a member or, without Member, about the cluster.
type Problem struct {
	Failure             bool
	Member, Name, Found string
	Remedy              string
}

// Change is one of the last changes.
type Change struct {
	Time   time.Time
	Status string // or REMOVED, or RESTARTED
	Who    string // the member's name, or its address
	Why    string
	By     string // who reported it, in the same way; empty if nobody did
}

// Past is what became of a member, the oldest first.
type Past struct {
	Earlier uint64 // number of changes that are no longer kept
	Steps   []Change
}

// Order is what the members are sorted by.
type Order int

// The orders, as the s key goes through them.
const (
	ByTrouble Order = iota // the worst first, then by address
	ByName
	ByAddress
	ByRoundTrip // the longest first
	ByLoss      // the highest first
	orders
)

func (o Order) String() string {
	return [orders]string{"trouble", "name", "address", "round trip", "loss"}[o]
}

// lossy is the loss from which a member is in trouble, as in doctor.
const lossy = 0.05

const healthy = 9

// trouble is how bad it is with a member, the worst first; healthy if all is well.
func trouble(m *Member) int {
	switch {
	case m.Status == "DEAD":
		return 0
	case m.Status == "SUSPECTED":
		return 1
	case m.Status == "LEFT":
		return healthy + 1 // gone on purpose
	case m.Flapping:
		return 2
	case m.Loss > lossy:
		return 3
	}
	return healthy
}

// chosen returns the members with the filter in their address, name or tags, sorted. Equal
// ones stay in the order of their addresses.
func chosen(members []Member, order Order, filter string) []*Member {
	filter = strings.ToLower(filter)
	var out []*Member
	for i := range members {
		m := &members[i]
		if strings.Contains(strings.ToLower(m.Address+"\n"+m.Name+"\n"+m.Tags), filter) {
			out = append(out, m)
		}
	}
	if order != ByAddress {
		slices.SortStableFunc(out, func(a, b *Member) int {
			switch order {
			case ByTrouble:
				return cmp.Compare(trouble(a), trouble(b))
			case ByName:
				return strings.Compare(a.Name, b.Name)
			case ByRoundTrip:
				return cmp.Compare(b.Trip, a.Trip)
			default:
				return cmp.Compare(b.Loss, a.Loss)
			}
		})
	}
	return out
}

// row is a line of the table: a member, or a rule with a text.
type row struct {
	Member
	rule string
}

// rows are the lines of the table: with trouble first, a rule divides it from the healthy.
func (v *View) rows(d *Data) []row {
	members := chosen(d.Members, v.Order, v.Filter)
	var out []row
	well := 0
	for _, m := range members {
		if trouble(m) == healthy {
			well++
		}
	}
	for i, m := range members {
		if v.Order == ByTrouble && i > 0 && trouble(m) == healthy && trouble(members[i-1]) < healthy {
			out = append(out, row{rule: fmt.Sprintf("%d healthy", well)})
		}
		out = append(out, row{Member: *m})
	}
	return out
}
