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

// MaxPeers bounds the members that have metrics of their own: those with the lowest
// addresses. How many have none is a metric.
const MaxPeers = 256

// Members is the member table; *member.Table is one.
type Members interface {
	List() ([]member.Member, uint64)
}

// Node is the node; *node.Node is one.
type Node interface {
	Peers() map[netip.AddrPort]node.PeerState
}

// Wire is the transport; *wire.Endpoint is one.
type Wire interface {
	Traffic() []wire.Traffic
	Links() []wire.Link
}

// Sources are where snapshots come from. All fields are required.
type Sources struct {
	Members  Members
	Node     Node
	Wire     Wire
	Counters func() map[string]uint64
	State    *lifecycle.State
	Live     func() error
	Reloads  func() reload.Status

	Local         netip.AddrPort
	Name, Cluster string
}

// Watch shows what the sources tell. It is to be called once.
func (m *Metrics) Watch(s Sources) {
	m.registry.MustRegister(&collector{s})
}

// collector reads the sources when it is asked.
type collector struct{ Sources }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	descNode     = desc("tamtam_node_info", "1, with the gossip address, the name and the cluster of this node.", "address", "name", "cluster")
	descState    = desc("tamtam_state", "1 for the state that the daemon is in, else 0.", "state")
	descLive     = desc("tamtam_live", "1 when all loops of the daemon have gone round lately, else 0.")
	descReloads  = desc("tamtam_config_reloads_total", "Reloads of the configuration.", "result")
	descReloadOK = desc("tamtam_config_last_reload_successful", "0 when the last reload of the configuration failed, else 1.")
	descMembers  = desc("tamtam_members", "Members in the table, this node among them.", "status")
	descFlapping = desc("tamtam_members_flapping", "Members that came or went at least 6 times within the last minute.")
	descFrames   = desc("tamtam_frames_total", "Frames on the wire, those sent again counted in.", "direction", "kind")
	descBytes    = desc("tamtam_frame_bytes_total", "Bytes of the frames on the wire, without the headers of UDP and IP.", "direction", "kind")

	descTrip       = desc("tamtam_peer_round_trip_seconds", "Smoothed round trip to a live member.", "peer")
	descSent       = desc("tamtam_peer_frames_sent_total", "Frames for a live member that it is to acknowledge, each counted once.", "peer")
	descResent     = desc("tamtam_peer_frames_resent_total", "Times that one of these frames was sent again: by sent frames, a measure of loss.", "peer")
	descReceived   = desc("tamtam_peer_frames_received_total", "Frames of a live member that came in, each counted once.", "peer")
	descDuplicates = desc("tamtam_peer_frames_duplicate_total", "Frames of a live member that came in again.", "peer")
	descUnlisted   = desc("tamtam_peers_unlisted", "Live members without metrics of their own, since there are more than 256.")
)

// Describe implements prometheus.Collector. It tells nothing: which counters there are is
// not known beforehand.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(descNode, 1, c.Local.String(), c.Name, c.Cluster)
	phase, _ := c.State.Phase()
	for _, p := range lifecycle.Phases {
		gauge(descState, one(p == phase), p.String())
	}
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
	for s, name := range map[member.Status]string{member.Alive: "alive", member.Suspected: "suspected", member.Dead: "dead", member.Left: "left"} {
		gauge(descMembers, float64(statuses[s]), name)
	}
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

// collectPeers shows the live members but this node, which the table lists by address.
func (c *collector) collectPeers(gauge func(*prometheus.Desc, float64, ...string), count func(*prometheus.Desc, uint64, ...string), members []member.Member) {
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
		if l, ok := links[m.Addr]; ok { // a plain member has none
			count(descSent, l.Sent, peer)
			count(descResent, l.Resent, peer)
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
