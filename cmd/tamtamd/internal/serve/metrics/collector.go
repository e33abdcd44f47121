// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"net/netip"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/reload"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// MaxPeers bounds the members with metrics of their own: those with the lowest addresses.
// A metric has the number of the others.
const MaxPeers = 256

// Members is the member table; *member.Table is one.
type Members interface {
	List() ([]member.Member, uint64)
}

// Node has the state of each peer; *node.Node is one.
type Node interface {
	Peers() map[netip.AddrPort]node.PeerState
}

// Wire has the traffic and the statistics of links; *wire.Endpoint is one.
type Wire interface {
	Traffic() []wire.Traffic
	Links() []wire.Link
}

// Sources has what a scrape reads. All fields are required.
type Sources struct {
	Members  Members
	Node     Node
	Wire     Wire
	Counters func() map[string]uint64
	State    *lifecycle.State
	Live     func() error
	Reloads  func() reload.Status

	Self member.Identity
}

// collector reads the sources at each scrape.
type collector struct{ Sources }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	descNode = desc("tamtam_node_info",
		"1, with the gossip address, the name and the cluster of this node.", "address", "name", "cluster")
	descState   = desc("tamtam_state", "1 for the present state of the daemon, else 0.", "state")
	descRemoved = desc("tamtam_removed",
		"1 if this node was removed from the cluster and has not joined again, else 0.")
	descLive     = desc("tamtam_live", "1 if all event loops of the daemon respond, else 0.")
	descReloads  = desc("tamtam_config_reloads_total", "Reloads of the configuration.", "result")
	descReloadOK = desc("tamtam_config_last_reload_successful",
		"0 if the last reload of the configuration failed, else 1.")
	descMembers  = desc("tamtam_members", "Members in the table, this node included.", "status")
	descFlapping = desc("tamtam_members_flapping",
		"Members that came or went at least 6 times within the last minute.")
	descFrames = desc("tamtam_frames_total",
		"Frames on the wire, retransmissions included.", "direction", "kind")
	descBytes = desc("tamtam_frame_bytes_total",
		"Bytes of the frames on the wire, without the headers of UDP and IP.", "direction", "kind")

	descTrip = desc("tamtam_peer_round_trip_seconds", "Smoothed round trip to a live member.", "peer")
	descSent = desc("tamtam_peer_frames_sent_total",
		"Frames sent to a live member for acknowledgement, each counted once.", "peer")
	descResent = desc("tamtam_peer_frames_resent_total",
		"Retransmissions of these frames, those included whose acknowledgement was only late.", "peer")
	descLoss = desc("tamtam_peer_loss_ratio",
		"Share of transmissions to a live member that were lost in the last one to two minutes, 0 to 1; absent if fewer than 50 frames were sent.", "peer")
	descReceived = desc("tamtam_peer_frames_received_total",
		"Frames received from a live member, each counted once.", "peer")
	descDuplicates = desc("tamtam_peer_frames_duplicate_total",
		"Duplicate frames received from a live member.", "peer")
	descUnlisted = desc("tamtam_peers_unlisted",
		"Live members without metrics of their own, since there are more than 256.")
)

// Describe implements prometheus.Collector. It sends nothing, since the counters are not
// known in advance.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(descNode, 1, c.Self.Addr.String(), c.Self.Name, c.Self.Cluster)
	phase, _ := c.State.Phase()
	for _, p := range lifecycle.Phases {
		gauge(descState, one(p == phase), p.String())
	}
	gauge(descRemoved, one(c.State.Removal() != nil))
	gauge(descLive, one(c.Live() == nil))
	reloads := c.Reloads()
	count(descReloads, reloads.Succeeded, "ok")
	count(descReloads, reloads.Failed, "failed")
	gauge(descReloadOK, one(!reloads.LastFailed))

	members, _ := c.Members.List()
	statuses := map[member.Status]int{}
	flapping := 0
	for _, m := range members {
		statuses[m.Status]++
		if m.Flapping {
			flapping++
		}
	}
	gauge(descMembers, float64(statuses[member.Alive]), "alive")
	gauge(descMembers, float64(statuses[member.Suspected]), "suspected")
	gauge(descMembers, float64(statuses[member.Dead]), "dead")
	gauge(descMembers, float64(statuses[member.Left]), "left")
	gauge(descFlapping, float64(flapping))

	for _, t := range c.Wire.Traffic() {
		count(descFrames, t.Sent, "sent", t.Kind)
		count(descFrames, t.Received, "received", t.Kind)
		count(descBytes, t.SentBytes, "sent", t.Kind)
		count(descBytes, t.ReceivedBytes, "received", t.Kind)
	}
	c.collectPeers(gauge, count, members)
	collectCounters(ch, c.Counters())
}

// collectPeers shows the live members other than this node. members must be sorted by
// address, as the table lists them.
func (c *collector) collectPeers(
	gauge func(*prometheus.Desc, float64, ...string), count func(*prometheus.Desc, uint64, ...string),
	members []member.Member,
) {
	live := slices.DeleteFunc(slices.Clone(members), func(m member.Member) bool { return m.Local || !m.Status.Live() })
	listed := live[:min(len(live), MaxPeers)]
	gauge(descUnlisted, float64(len(live)-len(listed)))
	links := map[netip.AddrPort]wire.Link{}
	for _, l := range c.Wire.Links() {
		links[l.Addr] = l
	}
	states := c.Node.Peers()
	for _, m := range listed {
		peer := m.Addr.String()
		if s := states[m.Addr]; s.RoundTrip > 0 {
			gauge(descTrip, s.RoundTrip.Seconds(), peer)
		}
		if l, ok := links[m.Addr]; ok { // a plain Smudge node has none
			count(descSent, l.Sent, peer)
			count(descResent, l.Resent, peer)
			if share, known := l.Loss(); known {
				gauge(descLoss, share, peer)
			}
			count(descReceived, l.Received, peer)
			count(descDuplicates, l.Duplicates, peer)
		}
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
