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
	{from: "datagrams_sent", name: "tamtam_network_packets_total", labels: "direction=sent", help: "UDP packets of the gossip socket."},
	{from: "datagrams_received", name: "tamtam_network_packets_total", labels: "direction=received"},
	{from: "bytes_sent", name: "tamtam_network_bytes_total", labels: "direction=sent", help: "Bytes of the packets of the gossip socket, without the headers of UDP and IP."},
	{from: "bytes_received", name: "tamtam_network_bytes_total", labels: "direction=received"},
	{from: "send_errors", name: "tamtam_network_send_errors_total", help: "Packets that the system did not take."},

	{from: "frames_resent", name: "tamtam_frames_resent_total", help: "Frames that were sent again, since no acknowledgement came."},
	{from: "frames_resent_in_vain", name: "tamtam_frames_resent_in_vain_total", help: "Frames that were sent again too early: the acknowledgement was on its way."},
	{from: "frames_not_resent", name: "tamtam_frames_not_resent_total", help: "Frames that were due to be sent again, and waited since too many were."},
	{from: "frames_expired", name: "tamtam_frames_given_up_total", labels: "reason=expired", help: "Frames that were given up without an acknowledgement."},
	{from: "frames_overflowed", name: "tamtam_frames_given_up_total", labels: "reason=overflowed"},
	{from: "duplicates", name: "tamtam_frames_duplicate_total", help: "Frames that came in more than once, and were delivered once."},
	{from: "sessions", name: "tamtam_sessions", gauge: true, help: "Nodes with which a session is open or being opened."},
	{from: "candidates", name: "tamtam_candidates", gauge: true, help: "Addresses that are being greeted and are no members yet."},

	{from: "dropped_bad_frame", name: "tamtam_dropped_total", labels: "reason=bad_frame", help: "Packets and frames that were not let in."},
	{from: "dropped_", name: "tamtam_dropped_total", rest: "reason"},
	{from: "refused_members", name: "tamtam_refused_total", labels: "what=members", help: "What was refused because of a bound, or on principle."},
	{from: "refused_", name: "tamtam_refused_total", rest: "what"},

	{from: "broadcasts_sent", name: "tamtam_broadcasts_sent_total", help: "Broadcasts that this node sent."},
	{from: "broadcasts_received", name: "tamtam_broadcasts_received_total", help: "Broadcasts of other nodes that came in, each counted once."},
	{from: "broadcasts_repaired", name: "tamtam_broadcasts_repaired_total", help: "Copies of broadcasts that this node gave others that missed them."},
	{from: "broadcasts_wanted", name: "tamtam_broadcasts_wanted_total", help: "Times that this node asked for broadcasts that it missed."},
	{from: "broadcast_gaps", name: "tamtam_broadcast_gaps_total", help: "Runs of broadcasts that could not be got, of which readers were told."},
	{from: "broadcast_duplicates", name: "tamtam_broadcast_duplicates_total", help: "Copies of broadcasts that were here already."},
	{from: "broadcast_copies_sent", name: "tamtam_broadcast_copies_sent_total", help: "Copies of broadcasts that were pushed to members."},
	{from: "broadcast_copies_unsent", name: "tamtam_broadcast_copies_unsent_total", help: "Copies that were not pushed, since too much was under way; a repair makes up for it."},
	{from: "broadcast_dropped_bad", name: "tamtam_broadcast_dropped_total", labels: "reason=bad", help: "Broadcasts and what serves them that were not taken."},
	{from: "broadcast_dropped_", name: "tamtam_broadcast_dropped_total", rest: "reason"},
	{from: "broadcasts_kept", name: "tamtam_broadcasts_kept", gauge: true, help: "Broadcasts that are kept for late readers and repairs."},
	{from: "broadcast_streams", name: "tamtam_broadcast_streams", gauge: true, help: "Senders whose broadcasts are kept in order."},

	{from: "messages_readers", name: "tamtam_stream_readers", labels: "stream=messages", gauge: true, help: "Readers of a stream now."},
	{from: "member_changes_readers", name: "tamtam_stream_readers", labels: "stream=members", gauge: true},
	{from: "page_readers", name: "tamtam_stream_readers", labels: "stream=page", gauge: true},
	{from: "messages_published", name: "tamtam_stream_published_total", labels: "stream=messages", help: "What a stream had for its readers, whether there were any or not."},
	{from: "member_changes_published", name: "tamtam_stream_published_total", labels: "stream=members"},
	{from: "messages_overflows", name: "tamtam_stream_overflows_total", labels: "stream=messages", help: "Readers that fell behind and lost their stream."},
	{from: "member_changes_overflows", name: "tamtam_stream_overflows_total", labels: "stream=members"},

	// Last, for all other counters, so that a new counter needs no entry here.
	{from: "smudge_panics", name: "tamtam_events_total", labels: "event=smudge_panics", help: "Whatever else is counted: the names are those of tamtamctl stats."},
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
