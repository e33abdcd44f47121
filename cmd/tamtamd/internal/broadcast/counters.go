// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// counters are what this package counts.
var counters counter.Table

var (
	sent        = counters.Metric("broadcasts_sent", "tamtam_broadcasts_sent_total", "Broadcasts that this node sent.")
	received    = counters.Metric("broadcasts_received", "tamtam_broadcasts_received_total", "Broadcasts received from other nodes, each counted once.")
	forOthers   = counters.New("broadcasts_for_others", "Broadcasts that are kept for the members that they are for, and that the readers of this node did not get.")
	repaired    = counters.Metric("broadcasts_repaired", "tamtam_broadcasts_repaired_total", "Broadcasts that this node retransmitted to members that had missed them.")
	wanted      = counters.Metric("broadcasts_wanted", "tamtam_broadcasts_wanted_total", "Requests of this node for broadcasts that it had missed.")
	gaps        = counters.Metric("broadcast_gaps", "tamtam_broadcast_gaps_total", "Runs of lost broadcasts that were reported to readers as gaps.")
	duplicates  = counters.Metric("broadcast_duplicates", "tamtam_broadcast_duplicates_total", "Duplicate broadcasts that were received and dropped.")
	pushed      = counters.Metric("broadcast_copies_sent", "tamtam_broadcast_copies_sent_total", "Pushes of broadcasts to members.")
	unpushed    = counters.Metric("broadcast_copies_unsent", "tamtam_broadcast_copies_unsent_total", "Pushes that were skipped because too much was in flight; a repair makes up for them.")
	lateBatches = counters.New("broadcast_batches_late", "Batches of pushes that members acknowledged late, so that this node sends fewer at a time.")
	fetches     = counters.New("broadcast_fetches", "Requests of this node for earlier broadcasts that its readers want, which resume.")
	digests     = counters.New("broadcast_digests", "Digests of the kept broadcasts that were sent to members.")
	gone        = counters.New("broadcast_gone", "Replies that a wanted broadcast is no longer kept.")
	refused     = counters.New("broadcast_refused_streams", "Senders that were refused because there were too many.")
)

var (
	dropped = &counter.Metric{
		Name: "tamtam_broadcast_dropped_total", Label: "reason",
		Help: "Broadcasts and their control messages that were dropped on receipt.",
	}
	droppedBad      = counters.Of(dropped, "broadcast_dropped_bad", "bad")
	droppedStranger = counters.Of(dropped, "broadcast_dropped_stranger", "stranger") // not from a member
	droppedAhead    = counters.Of(dropped, "broadcast_dropped_ahead", "ahead")       // too far ahead of its stream
	droppedOrigin   = counters.Of(dropped, "broadcast_dropped_origin", "origin")     // of an earlier session, or of no member
)

// To and from plain Smudge nodes.
var (
	plainSent       = counters.New("broadcasts_plain_sent", "Broadcasts sent to plain Smudge nodes.")
	plainPaced      = counters.New("broadcasts_plain_paced", "Broadcasts not sent to a plain Smudge node because it had got too many.")
	plainTooLarge   = counters.New("broadcasts_plain_too_large", "Broadcasts not sent to a plain Smudge node because they do not fit into a datagram.")
	plainReceived   = counters.New("broadcasts_plain_received", "Broadcasts received from plain Smudge nodes.")
	plainKnown      = counters.New("broadcasts_plain_known", "Plain copies of broadcasts of members, which come by their streams.")
	plainDuplicates = counters.New("broadcasts_plain_duplicates", "Duplicate plain broadcasts that were received and dropped.")
	plainUnrelayed  = counters.New("broadcasts_plain_unrelayed", "Plain broadcasts not relayed because there were too many.")
)

var (
	keptNow    = counters.Gauge("broadcasts_kept", "tamtam_broadcasts_kept", "Broadcasts that are kept for late readers and repairs.")
	streamsNow = counters.Gauge("broadcast_streams", "tamtam_broadcast_streams", "Senders whose broadcasts are being put in order.")
	queuedNow  = counters.Gauge("broadcasts_queued", "tamtam_broadcasts_queued", "Broadcasts of this node that wait to be pushed.")
	windowNow  = counters.Gauge("broadcast_window", "tamtam_broadcast_window", "Batches of pushes that this node may have under way.")
	readers    = fanout.Declare(&counters, "messages", "messages")
)
