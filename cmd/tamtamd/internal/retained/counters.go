// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"

// counters are what this package counts.
var counters counter.Table

var (
	topicsNow     = counters.Gauge("retained_topics", "tamtam_retained_topics", "Retained topics that this node has.")
	bytesNow      = counters.Gauge("retained_bytes", "tamtam_retained_bytes", "Bytes of the retained topics that this node has, names and values.")
	tombstonesNow = counters.Gauge("retained_tombstones", "tamtam_retained_tombstones", "Deleted topics that this node remembers.")

	valuesSet       = counters.New("retained_set", "Retained values that were set or deleted at this node.")
	valuesReceived  = counters.New("retained_received", "Retained values of other nodes that this node took, deletions included.")
	pushes          = counters.New("retained_pushes", "Pushes of retained values to members.")
	comparisons     = counters.New("retained_comparisons", "Digests of the retained values that were sent to members.")
	recordsSent     = counters.New("retained_records_sent", "Messages with retained values that were sent to members that lacked them.")
	putOff          = counters.New("retained_put_off", "Messages with retained values that were not sent since there were too many; the next comparison makes up for them.")
	refusedFuture   = counters.New("retained_refused_future", "Retained values that were refused since they are dated more than a minute in the future.")
	refusedFull     = counters.Metric("retained_refused_full", "tamtam_retained_refused_full_total", "Retained topics that were refused or dropped since there were too many; those that were created last are.")
	refusedByOthers = counters.New("retained_refused_by_members", "Retained values of this node that a member refused.")
	forgottenEarly  = counters.New("retained_tombstones_forgotten", "Deleted topics that were forgotten early since there were too many.")
	droppedBad      = counters.New("retained_dropped_bad", "Messages about retained topics that were dropped since they are not valid.")
	droppedStranger = counters.New("retained_dropped_stranger", "The same, of nodes that are no members.")
)
