// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

var counters counter.Table

// Counters of this package.
var (
	countClaimsChallenged        = counters.New("claims_challenged", "Infos that claimed the address of another session.")
	countClaimsIgnored           = counters.New("claims_ignored", "Such infos that were ignored because one had just been answered.")
	countClaimsGreeted           = counters.New("claims_greeted", "Claimed addresses that were greeted to learn who is there.")
	countDroppedBadCookie        = counters.Of(counter.Dropped, "dropped_bad_cookie", "bad_cookie")
	countDroppedBadFrame         = counters.Of(counter.Dropped, "dropped_bad_frame", "bad_frame")
	countDroppedBadInfo          = counters.Of(counter.Dropped, "dropped_bad_info", "bad_info")
	countDroppedContested        = counters.Of(counter.Dropped, "dropped_contested", "contested")
	countDroppedEarly            = counters.Of(counter.Dropped, "dropped_early", "early")
	countDroppedEndedSession     = counters.Of(counter.Dropped, "dropped_ended_session", "ended_session")
	countDroppedForeignCluster   = counters.Of(counter.Dropped, "dropped_foreign_cluster", "foreign_cluster")
	countDroppedOldInfo          = counters.Of(counter.Dropped, "dropped_old_info", "old_info")
	countDroppedSealed           = counters.Of(counter.Dropped, "dropped_sealed", "sealed")
	countDroppedUnaskedWelcome   = counters.Of(counter.Dropped, "dropped_unasked_welcome", "unasked_welcome")
	countDroppedUnknownID        = counters.Of(counter.Dropped, "dropped_unknown_connection", "unknown_connection")
	countDroppedUnknownSession   = counters.Of(counter.Dropped, "dropped_unknown_session", "unknown_session")
	countDroppedUnsealed         = counters.Of(counter.Dropped, "dropped_unsealed", "unsealed")
	countDroppedNotAllowed       = counters.Of(counter.Dropped, "dropped_not_allowed", "not_allowed")
	countDroppedNoWay            = counters.Of(counter.Dropped, "dropped_no_way", "no_way")
	countDroppedRelayLimit       = counters.Of(counter.Dropped, "dropped_relay_limit", "relay_limit")
	countDroppedTooLong          = counters.Of(counter.Dropped, "dropped_relay_too_long", "relay_too_long")
	countShed                    = counters.Of(counter.Dropped, "dropped_stale", "stale")
	countDuplicates              = counters.Metric("duplicates", "tamtam_frames_duplicate_total", "Duplicate frames that were received and dropped.")
	countHellosAnswered          = counters.New("hellos_answered", "Repeated hellos that were not answered because the one before just was.")
	countHellosCrossed           = counters.New("hellos_crossed", "Hellos that were not answered because this node had just greeted their sender.")
	countGreetingsOverflowed     = counters.New("greetings_overflowed", "Greetings that were forgotten at the bound.")
	countProfilesRepeated        = counters.New("profiles_repeated", "Profiles that were retransmitted until acknowledged.")
	countRefusedByForeignCluster = counters.Of(counter.Refused, "refused_by_foreign_cluster", "by_foreign_cluster")
	countRefusedRelayed          = counters.Of(counter.Refused, "refused_relayed", "relayed")
	countRefusedSessions         = counters.Of(counter.Refused, "refused_sessions", "sessions")
	countRelayed                 = counters.Metric("frames_passed_on", "tamtam_frames_passed_on_total", "Frames that were passed on between two nodes that do not reach each other directly.")
	countRouted                  = counters.New("routes_changed", "Changes of the way to a node: by a relay, by another one, or directly.")
	countByRelay                 = counters.Gauge("sessions_by_relay", "tamtam_sessions_by_relay", "Nodes that are not reached directly, but by way of another.")
	countRestarts                = counters.New("clock_restarts", "Sessions of this node that began because the wall clock jumped.")
	countSessions                = counters.Gauge("sessions", "tamtam_sessions", "Nodes with which a session is open or being opened.")
	countTakenClear              = counters.New("frames_taken_clear", "Frames that were taken though they are not encrypted, with --encrypt accept or send.")
	countSessionsPaired          = counters.Gauge("sessions_paired", "tamtam_sessions_paired", "Sessions whose frames are encrypted with a key of their own, which does not follow from those of the cluster.")
	countPairsRenewed            = counters.New("pairs_renewed", "Times that the key of a session was replaced by a new one, by age.")
	countSessionsDropped         = counters.New("sessions_dropped", "Sessions that were closed or not open yet, and were dropped before their time to make room for others.")
	countSessionsReopened        = counters.New("sessions_reopened", "Sessions that were opened again with another counter block.")
)

// Counters of the links, which package arq counts.
var (
	countRetransmitted        = counters.Metric("frames_resent", "tamtam_frames_resent_total", "Retransmissions of frames that were not acknowledged in time.")
	countSpurious             = counters.Metric("frames_resent_in_vain", "tamtam_frames_resent_in_vain_total", "Spurious retransmissions: the acknowledgement was already on its way.")
	countHeld                 = counters.New("frames_held", "Retransmissions to a silent node that waited for a sign of life.")
	countDeferred             = counters.Metric("frames_not_resent", "tamtam_frames_not_resent_total", "Retransmissions that were put off because too many were due.")
	countAbandoned            = counters.Of(givenUp, "frames_abandoned", "abandoned")
	countExpired              = counters.Of(givenUp, "frames_expired", "expired")
	countOverflowed           = counters.Of(givenUp, "frames_overflowed", "overflowed")
	countAckDataRetransmitted = counters.New("replies_resent", "Datagrams that went out again with an acknowledgement.")
)

var (
	givenUp       = &counter.Metric{Name: "tamtam_frames_given_up_total", Label: "reason", Help: "Frames that were given up without an acknowledgement."}
	packetsMetric = &counter.Metric{Name: "tamtam_network_packets_total", Label: "direction", Help: "UDP packets of the gossip socket."}
	octetsMetric  = &counter.Metric{Name: "tamtam_network_bytes_total", Label: "direction", Help: "Bytes of the packets of the gossip socket, without the headers of UDP and IP."}
)

// socketCounters are those of the socket.
var socketCounters counter.Table

var (
	countReceived      = socketCounters.Of(packetsMetric, "datagrams_received", "received")
	countReceivedBytes = socketCounters.Of(octetsMetric, "bytes_received", "received")
	countSent          = socketCounters.Of(packetsMetric, "datagrams_sent", "sent")
	countSentBytes     = socketCounters.Of(octetsMetric, "bytes_sent", "sent")
	countReadOverflows = socketCounters.Of(counter.ReceiveOverflows, "receive_overflows", "gossip")
	countSendErrors    = socketCounters.Metric("send_errors", "tamtam_network_send_errors_total", "Packets that the system refused to send.")
	countSendOverflows = socketCounters.Metric("send_overflows", "tamtam_network_send_overflows_total", "Packets that were dropped because the send buffer, or the queue before it, was full.")
)

// CountRefused declares the counter of the frames that are refused on a Bulk channel, for
// ChannelInfo. It may be called by package-level variables only.
func CountRefused(name string) *counter.Counter {
	return counters.New(name, "Frames that were refused because too much was under way to a node.")
}
