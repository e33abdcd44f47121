// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// counter is a metric that shows one or more of the daemon's own counters, which "tamtamctl
// stats" lists.
type counter struct {
	from   string // the counter's name, or a prefix of several names
	name   string
	labels string // a fixed label: name=value
	rest   string // if from is a prefix, the label for the rest of the counter's name
	gauge  bool
	help   string
}

// counters are tried in this order. A prefix does not match a counter that has an entry of
// its own.
var counters = []counter{
	{from: "datagrams_sent", name: "tamtam_network_packets_total", labels: "direction=sent",
		help: "UDP packets of the gossip socket."},
	{from: "datagrams_received", name: "tamtam_network_packets_total", labels: "direction=received"},
	{from: "bytes_sent", name: "tamtam_network_bytes_total", labels: "direction=sent",
		help: "Bytes of the packets of the gossip socket, without the headers of UDP and IP."},
	{from: "bytes_received", name: "tamtam_network_bytes_total", labels: "direction=received"},
	{from: "send_errors", name: "tamtam_network_send_errors_total", help: "Packets that the system refused to send."},

	{from: "frames_resent", name: "tamtam_frames_resent_total",
		help: "Retransmissions of frames that were not acknowledged in time."},
	{from: "frames_resent_in_vain", name: "tamtam_frames_resent_in_vain_total",
		help: "Spurious retransmissions: the acknowledgement was already on its way."},
	{from: "frames_not_resent", name: "tamtam_frames_not_resent_total",
		help: "Retransmissions that were put off since too many were due."},
	{from: "frames_expired", name: "tamtam_frames_given_up_total", labels: "reason=expired",
		help: "Frames that were given up without an acknowledgement."},
	{from: "frames_overflowed", name: "tamtam_frames_given_up_total", labels: "reason=overflowed"},
	{from: "duplicates", name: "tamtam_frames_duplicate_total",
		help: "Duplicate frames that were received and dropped."},
	{from: "sessions", name: "tamtam_sessions", gauge: true,
		help: "Nodes with which a session is open or being opened."},
	{from: "candidates", name: "tamtam_candidates", gauge: true,
		help: "Addresses with a handshake under way that are not members yet."},

	{from: "dropped_bad_frame", name: "tamtam_dropped_total", labels: "reason=bad_frame",
		help: "Packets and frames that were dropped on receipt."},
	{from: "dropped_", name: "tamtam_dropped_total", rest: "reason"},
	{from: "refused_members", name: "tamtam_refused_total", labels: "what=members",
		help: "What was refused because of a limit or a rule."},
	{from: "refused_", name: "tamtam_refused_total", rest: "what"},

	{from: "broadcasts_sent", name: "tamtam_broadcasts_sent_total", help: "Broadcasts that this node sent."},
	{from: "broadcasts_received", name: "tamtam_broadcasts_received_total",
		help: "Broadcasts received from other nodes, each counted once."},
	{from: "broadcasts_repaired", name: "tamtam_broadcasts_repaired_total",
		help: "Broadcasts that this node sent again to members that had missed them."},
	{from: "broadcasts_wanted", name: "tamtam_broadcasts_wanted_total",
		help: "Requests of this node for broadcasts that it had missed."},
	{from: "broadcast_gaps", name: "tamtam_broadcast_gaps_total",
		help: "Runs of lost broadcasts that were reported to readers as gaps."},
	{from: "broadcast_duplicates", name: "tamtam_broadcast_duplicates_total",
		help: "Duplicate broadcasts that were received and dropped."},
	{from: "broadcast_copies_sent", name: "tamtam_broadcast_copies_sent_total",
		help: "Pushes of broadcasts to members."},
	{from: "broadcast_copies_unsent", name: "tamtam_broadcast_copies_unsent_total",
		help: "Pushes that were skipped since too much was in flight; a repair makes up for them."},
	{from: "broadcast_dropped_bad", name: "tamtam_broadcast_dropped_total", labels: "reason=bad",
		help: "Broadcasts and their control messages that were dropped on receipt."},
	{from: "broadcast_dropped_", name: "tamtam_broadcast_dropped_total", rest: "reason"},
	{from: "broadcasts_kept", name: "tamtam_broadcasts_kept", gauge: true,
		help: "Broadcasts that are kept for late readers and repairs."},
	{from: "broadcast_streams", name: "tamtam_broadcast_streams", gauge: true,
		help: "Senders whose broadcasts are being put in order."},

	{from: "messages_readers", name: "tamtam_stream_readers", labels: "stream=messages", gauge: true,
		help: "Present readers of a stream."},
	{from: "member_changes_readers", name: "tamtam_stream_readers", labels: "stream=members", gauge: true},
	{from: "page_readers", name: "tamtam_stream_readers", labels: "stream=page", gauge: true},
	{from: "messages_published", name: "tamtam_stream_published_total", labels: "stream=messages",
		help: "Values published on a stream, with or without readers."},
	{from: "member_changes_published", name: "tamtam_stream_published_total", labels: "stream=members"},
	{from: "messages_overflows", name: "tamtam_stream_overflows_total", labels: "stream=messages",
		help: "Readers that fell behind, so that their stream ended."},
	{from: "member_changes_overflows", name: "tamtam_stream_overflows_total", labels: "stream=members"},

	// Last, for all other counters, so that a new counter needs no entry here.
	{from: "smudge_panics", name: "tamtam_events_total", labels: "event=smudge_panics",
		help: "All other counters, by their names in tamtamctl stats."},
	{from: "", name: "tamtam_events_total", rest: "event"},
}

// elsewhere reports whether a counter is, or is the sum of, what the collector reads from
// another source.
func elsewhere(name string) bool {
	return name == "members" || strings.HasPrefix(name, "frames_") || strings.HasPrefix(name, "frame_bytes_")
}

// shown is a counter with its Desc.
type shown struct {
	counter
	desc   *prometheus.Desc
	values []string // value of the fixed label, if any
}

// describe returns the counters with their Descs. The help of a metric is that of its first
// counter.
func describe(all []counter) []shown {
	help := map[string]string{}
	out := make([]shown, 0, len(all))
	for _, c := range all {
		if c.help != "" {
			help[c.name] = c.help
		}
		s := shown{counter: c}
		var names []string
		if name, value, ok := strings.Cut(c.labels, "="); ok {
			names, s.values = append(names, name), append(s.values, value)
		}
		if c.rest != "" {
			names = append(names, c.rest)
		}
		s.desc = prometheus.NewDesc(c.name, help[c.name], names, nil)
		out = append(out, s)
	}
	return out
}

// collectCounters shows all counters. A listed one that was never counted is 0.
func collectCounters(ch chan<- prometheus.Metric, all []shown, counts map[string]uint64) {
	listed := map[string]bool{}
	for _, s := range all {
		if s.rest == "" {
			listed[s.from] = true
			kind := prometheus.CounterValue
			if s.gauge {
				kind = prometheus.GaugeValue
			}
			ch <- prometheus.MustNewConstMetric(s.desc, kind, float64(counts[s.from]), s.values...)
		}
	}
	for name, n := range counts {
		if listed[name] || elsewhere(name) {
			continue
		}
		for _, s := range all {
			if rest, ok := strings.CutPrefix(name, s.from); ok && s.rest != "" {
				ch <- prometheus.MustNewConstMetric(s.desc, prometheus.CounterValue, float64(n), rest)
				break
			}
		}
	}
}
