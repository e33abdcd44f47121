// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// Packages node and wire count by names that they do not declare yet. Their metrics stand
// here until they do; then this file goes.
var (
	dropped = &counter.Metric{Name: "tamtam_dropped_total", Label: "reason", Help: "Packets and frames that were dropped on receipt."}
	refused = &counter.Metric{Name: "tamtam_refused_total", Label: "what", Help: "What was refused because of a limit or a rule."}
	givenUp = &counter.Metric{Name: "tamtam_frames_given_up_total", Label: "reason", Help: "Frames that were given up without an acknowledgement."}
	packets = &counter.Metric{Name: "tamtam_network_packets_total", Label: "direction", Help: "UDP packets of the gossip socket."}
	octets  = &counter.Metric{Name: "tamtam_network_bytes_total", Label: "direction", Help: "Bytes of the packets of the gossip socket, without the headers of UDP and IP."}
)

// undeclared are the counters of node and wire that are exported by an entry of their own.
var undeclared = []struct {
	name   string
	metric *counter.Metric
	value  string
}{
	{"datagrams_sent", packets, "sent"},
	{"datagrams_received", packets, "received"},
	{"bytes_sent", octets, "sent"},
	{"bytes_received", octets, "received"},
	{"send_errors", &counter.Metric{Name: "tamtam_network_send_errors_total", Help: "Packets that the system refused to send."}, ""},

	{"frames_resent", &counter.Metric{Name: "tamtam_frames_resent_total", Help: "Retransmissions of frames that were not acknowledged in time."}, ""},
	{"frames_resent_in_vain", &counter.Metric{Name: "tamtam_frames_resent_in_vain_total", Help: "Spurious retransmissions: the acknowledgement was already on its way."}, ""},
	{"frames_not_resent", &counter.Metric{Name: "tamtam_frames_not_resent_total", Help: "Retransmissions that were put off since too many were due."}, ""},
	{"frames_expired", givenUp, "expired"},
	{"frames_overflowed", givenUp, "overflowed"},
	{"duplicates", &counter.Metric{Name: "tamtam_frames_duplicate_total", Help: "Duplicate frames that were received and dropped."}, ""},
	{"sessions", &counter.Metric{Name: "tamtam_sessions", Gauge: true, Help: "Nodes with which a session is open or being opened."}, ""},
	{"candidates", &counter.Metric{Name: "tamtam_candidates", Gauge: true, Help: "Addresses with a handshake under way that are not members yet."}, ""},

	{"dropped_bad_frame", dropped, "bad_frame"},
	{"refused_members", refused, "members"},
}

// metricOf returns the metric of an undeclared counter, and the value of its label; nil
// when the collector reads it, or what it is the sum of, from another source.
func metricOf(name string) (*counter.Metric, string) {
	for _, u := range undeclared {
		if u.name == name {
			return u.metric, u.value
		}
	}
	if name == "members" || strings.HasPrefix(name, "frames_") || strings.HasPrefix(name, "frame_bytes_") {
		return nil, ""
	}
	if why, ok := strings.CutPrefix(name, "dropped_"); ok {
		return dropped, why
	}
	if what, ok := strings.CutPrefix(name, "refused_"); ok {
		return refused, what
	}
	return counter.Events, name
}
