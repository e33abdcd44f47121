// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package fanout

import "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"

// The metrics of all streams, by the name of the stream.
var (
	// Readers is exported for streams that have no hub.
	Readers = &counter.Metric{
		Name: "tamtam_stream_readers", Label: "stream", Gauge: true,
		Help: "Present readers of a stream.",
	}
	published = &counter.Metric{
		Name: "tamtam_stream_published_total", Label: "stream",
		Help: "Values published on a stream, with or without readers.",
	}
	overflows = &counter.Metric{
		Name: "tamtam_stream_overflows_total", Label: "stream",
		Help: "Readers that fell behind, so that their stream ended.",
	}
)

// Counters are what a hub counts.
type Counters struct{ readers, published, overflows *counter.Counter }

// Declare declares the counters of a hub, in the table of the package that has the hub:
// prefix is that of their names, stream the label of their metrics.
func Declare(t *counter.Table, prefix, stream string) Counters {
	return Counters{
		readers:   t.Of(Readers, prefix+"_readers", stream),
		published: t.Of(published, prefix+"_published", stream),
		overflows: t.Of(overflows, prefix+"_overflows", stream),
	}
}
