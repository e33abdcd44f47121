// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"

var counters counter.Table

// Counters of this package.
var (
	panics      = counters.New("smudge_panics", "Panics of Smudge that were recovered from.")
	clockSets   = counters.New("smudge_clock_sets", "Steps of the wall clock, after which the history of round trips was replaced.")
	overflows   = counters.New("smudge_event_overflows", "Events of Smudge that were dropped because too many waited.")
	unaddressed = counters.New("smudge_datagrams_unaddressed", "Datagrams to no virtual address in use.")
	lost        = counters.Of(counter.ReceiveOverflows, "smudge_receive_overflows", "smudge")
	unsent      = counters.New("smudge_datagrams_dropped", "Datagrams to a virtual address that Smudge has not sent, or has given up since.")
	replaced    = counters.New("smudge_datagrams_superseded", "Datagrams of Smudge that a later one replaces.")
	overRate    = counters.New("smudge_datagrams_over_rate", "Datagrams to a virtual address over the rate of a peer.")
	untrue      = counters.New("smudge_entries_dropped", "Entries that are not, or no longer, what Smudge holds.")
)
