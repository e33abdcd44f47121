// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package metrics shows what the daemon's parts know and have counted to Prometheus. It
// reads snapshots when it is asked, so that nobody pays who does not ask; only what no
// snapshot tells, times and kinds of changes, is counted as it happens.
//
// Label values come from the program or are addresses of members: none is text that
// the network sends, and their number is bounded.
package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc/codes"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
)

const (
	// maxScrapes is how many may be under way; those over it are told 503.
	maxScrapes = 4
	// scrapeWithin bounds each.
	scrapeWithin = 10 * time.Second
)

// Metrics are the daemon's.
type Metrics struct {
	registry *prometheus.Registry

	changes   *prometheus.CounterVec
	flaps     prometheus.Counter
	latency   prometheus.Histogram
	calls     *prometheus.CounterVec
	callTimes *prometheus.HistogramVec
}

// New returns the metrics of a program. Watch has to follow for those of the node.
func New(build buildinfo.Info) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tamtam_member_changes_total",
			Help: "Changes of members, by what they became: joined, returned, restarted, updated (other tags), suspected, recovered, dead, left, removed.",
		}, []string{"kind"}),
		flaps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tamtam_member_flaps_total",
			Help: "Comings and goings of members that came or went at least 6 times within a minute.",
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "tamtam_broadcast_delivery_seconds",
			Help:    "Time from the sending of a broadcast to its delivery here, by the clocks of the two nodes: as right as they agree. 0 when the clocks say less.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tamtam_rpc_calls_total",
			Help: "gRPC calls that have ended, by method and code.",
		}, []string{"method", "code"}),
		callTimes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tamtam_rpc_call_seconds",
			Help:    "Time that gRPC calls took, streams not among them.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5, 2.5, 10},
		}, []string{"method"}),
	}
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "tamtam_build_info",
		Help:        "1, with what the program was built from.",
		ConstLabels: prometheus.Labels{"version": build.Version, "commit": build.Commit, "goversion": build.Go, "smudge": build.Smudge},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.changes, m.flaps, m.latency, m.calls, m.callTimes, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, k := range changeKinds {
		m.changes.WithLabelValues(k) // 0, not absent, before the first
	}
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, Timeout: scrapeWithin, Registry: m.registry,
	})
}

// changeKinds are the values of kind.
var changeKinds = []string{"joined", "returned", "restarted", "updated", "suspected", "recovered", "dead", "left", "removed"}

// kindOf names what became of a member.
func kindOf(c member.Change) string {
	switch s := c.Member.Status; {
	case c.Removed:
		return "removed"
	case c.Reason == member.Updated:
		return "updated"
	case s == member.Suspected:
		return "suspected"
	case s == member.Dead:
		return "dead"
	case s == member.Left:
		return "left"
	case c.Previous == 0:
		return "joined"
	case c.Previous.Gone():
		return "returned"
	case c.Previous == member.Suspected:
		return "recovered"
	}
	return "restarted"
}

// OnMember counts a change of a member.
func (m *Metrics) OnMember(c member.Change) {
	kind := kindOf(c)
	m.changes.WithLabelValues(kind).Inc()
	switch kind {
	case "joined", "returned", "restarted", "dead", "left":
		if c.Member.Flapping {
			m.flaps.Inc()
		}
	}
}

// OnDelivery measures the way of a message from another node. Plain nodes do not tell when
// they sent it.
func (m *Metrics) OnDelivery(d broadcast.Delivery, local bool) {
	if local || d.Gap.To != 0 || d.Message.Sent.IsZero() {
		return
	}
	m.latency.Observe(max(0, d.Message.Received.Sub(d.Message.Sent)).Seconds())
}

// OnCall counts a call that has ended. The time of streams is not measured.
func (m *Metrics) OnCall(method string, stream bool, code codes.Code, took time.Duration) {
	m.calls.WithLabelValues(method, code.String()).Inc()
	if !stream {
		m.callTimes.WithLabelValues(method).Observe(took.Seconds())
	}
}
