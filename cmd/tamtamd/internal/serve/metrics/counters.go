// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// collectCounters exports all counters as they are declared. Counts without a declaration
// are parts of metrics that the collector reads from another source.
func collectCounters(ch chan<- prometheus.Metric, counts map[string]uint64) {
	for name, n := range counts {
		if c := counter.Find(name); c != nil {
			export(ch, c.Metric, n, c.Value)
		}
	}
}

// export exports one value of a metric.
func export(ch chan<- prometheus.Metric, m *counter.Metric, n uint64, value string) {
	kind := prometheus.CounterValue
	if m.Gauge {
		kind = prometheus.GaugeValue
	}
	var labels, values []string
	if m.Label != "" {
		labels, values = []string{m.Label}, []string{value}
	}
	ch <- prometheus.MustNewConstMetric(prometheus.NewDesc(m.Name, m.Help, labels, nil), kind, float64(n), values...)
}
