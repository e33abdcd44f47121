// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package metrics exports the daemon's state and counters to Prometheus. It reads them at
// each scrape, so that they cost nothing without one. Only durations and kinds of changes
// are counted as they happen, since no state keeps them.
//
// Label values come from the program or are addresses of members. None is text from the
// network, and their number is bounded.
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
	// maxScrapes bounds the concurrent scrapes; further ones get 503.
	maxScrapes = 4
	// scrapeWithin bounds the time of each.
	scrapeWithin = 10 * time.Second
)

// Metrics has the metrics of the daemon. The methods that count do nothing with a nil
// *Metrics.
type Metrics struct {
	registry *prometheus.Registry

	changes   *prometheus.CounterVec
	flaps     prometheus.Counter
	latency   prometheus.Histogram
	calls     *prometheus.CounterVec
	callTimes *prometheus.HistogramVec
}

// New returns the metrics of a program. Handler adds those of the node.
func New(build buildinfo.Info) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tamtam_member_changes_total",
			Help: "Changes of members, by kind: joined, returned, restarted, updated (new tags, or another way to it), suspected, recovered, " +
				"dead, left, removed.",
		}, []string{"kind"}),
		flaps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tamtam_member_flaps_total",
			Help: "Changes of members that came or went at least 6 times within a minute.",
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tamtam_broadcast_delivery_seconds",
			Help: "Time from the sending of a broadcast to its delivery here. It compares the clocks of the two nodes, " +
				"so it is as exact as they agree; a negative time counts as 0.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tamtam_rpc_calls_total",
			Help: "gRPC calls that have ended, by method and code.",
		}, []string{"method", "code"}),
		callTimes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tamtam_rpc_call_seconds",
			Help:    "Duration of gRPC calls, without streams.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .1, .5, 2.5, 10},
		}, []string{"method"}),
	}
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tamtam_build_info",
		Help: "1, with the versions that the program was built from.",
		ConstLabels: prometheus.Labels{
			"version": build.Version, "commit": build.Commit, "goversion": build.Go, "smudge": build.Smudge,
		},
	}, func() float64 { return 1 })
	m.registry.MustRegister(m.changes, m.flaps, m.latency, m.calls, m.callTimes, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, k := range member.Kinds {
		m.changes.WithLabelValues(k) // so that it is 0, not absent, before the first change
	}
	return m
}

// Handler serves the metrics and a snapshot of the sources, as OpenMetrics if the client asks for that. It may
// be called once.
func (m *Metrics) Handler(s Sources) http.Handler {
	m.registry.MustRegister(&collector{s})
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, Timeout: scrapeWithin, Registry: m.registry,
		EnableOpenMetrics: true,
	})
}

// OnMember counts a change of a member.
func (m *Metrics) OnMember(c member.Change) {
	if m == nil {
		return
	}
	kind := c.Kind()
	m.changes.WithLabelValues(kind).Inc()
	switch kind {
	case "joined", "returned", "restarted", "dead", "left":
		if c.Member.Flapping {
			m.flaps.Inc()
		}
	}
}

// OnDelivery measures the time from the sending of another node's message to its delivery.
// Messages of plain Smudge nodes do not have the time of sending.
func (m *Metrics) OnDelivery(d broadcast.Delivery, local bool) {
	if m == nil || local || d.Gap.To != 0 || d.Message.Sent.IsZero() {
		return
	}
	m.latency.Observe(max(0, d.Message.Received.Sub(d.Message.Sent)).Seconds())
}

// OnCall counts a call that has ended. The time of streams is not measured.
func (m *Metrics) OnCall(method string, stream bool, code codes.Code, took time.Duration) {
	if m == nil {
		return
	}
	m.calls.WithLabelValues(method, code.String()).Inc()
	if !stream {
		m.callTimes.WithLabelValues(method).Observe(took.Seconds())
	}
}
