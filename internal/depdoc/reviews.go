// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

// review is why a module is needed, and what a review of it found, as Markdown.
type review struct{ why, found string }

// reviews are of the direct dependencies of the root module and of the daemon's. Advisories are
// those known at the date that docs/security.md gives.
var reviews = map[string]review{
	"github.com/clockworksoul/smudge": {
		"SWIM",
		"No advisory, but not fit for a network: three bytes end the process. It is unmaintained and " +
			"pinned. Only TamTam can talk to it, and checks each datagram first " +
			"([README](../README.md#how-it-works)).",
	},
	"github.com/go-kit/log": {
		"the log",
		"None known. Values are quoted by `go-logfmt`, so no input from the network can break a line.",
	},
	"github.com/oklog/run": {
		"starting and stopping",
		"None known. One file.",
	},
	"github.com/peterbourgon/ff/v3": {
		"flags, environment, commands",
		"None known. Three small packages; the file is read by our own parser.",
	},
	"github.com/prometheus/client_golang": {
		"metrics, with `--http`",
		"Past: memory for each HTTP method in a metric (CVE-2022-21698, 1.11.1). Its handler for HTTP " +
			"calls is not used.",
	},
	"go.yaml.in/yaml/v3": {
		"the configuration file",
		"The maintained successor of `gopkg.in/yaml.v3`, which had a panic (CVE-2022-28948, 3.0.1). It " +
			"reads one local file of 1 MiB at most.",
	},
	"golang.org/x/net": {
		"multicast (`ipv4`, `ipv6`); messages of DNS (`dns/dnsmessage`), with `--dns`; HTTP/2 inside gRPC",
		"Past: the rapid reset (CVE-2023-39325, 0.17.0), floods of continuation frames (CVE-2023-45288, " +
			"0.23.0); GO-2026-4559 (0.51.0), GO-2026-4918 (0.53.0); several in `html`, which is not compiled " +
			"in.",
	},
	"golang.org/x/sys": {
		"who is at the other end of a unix socket; terminals",
		"None known in what is used.",
	},
	"golang.org/x/term": {
		"the terminal of `top`",
		"None known. One package.",
	},
	"golang.org/x/text": {
		"the width of characters in tables",
		"Past: endless loops over language tags (CVE-2022-32149, 0.3.8). Only `width` is used.",
	},
	"golang.org/x/time": {
		"rate limits",
		"None known. One package.",
	},
	"google.golang.org/genproto/googleapis/rpc": {
		"details of errors",
		"None known. Generated code.",
	},
	"google.golang.org/grpc": {
		"the API",
		"Past: the HTTP/2 rapid reset (CVE-2023-44487, 1.56.3), private tokens in a log of metadata " +
			"(GHSA-xr7q-jx4m-x55m, 1.64.1), paths without a slash that slip past interceptors " +
			"(CVE-2026-33186, 1.79.3), a way round the bound of rapid resets (GHSA-hrxh-6v49-42gf, 1.82.1), " +
			"fragments of data (CVE-2026-84304, 1.83.1). The table of calls here refuses unknown calls, so " +
			"the last would have had no effect. Its dependencies are for xDS and telemetry, and are not " +
			"compiled in.",
	},
	"google.golang.org/protobuf": {
		"messages of the API",
		"Past: an endless loop over JSON (CVE-2024-24786, 1.33.0). The daemon reads no foreign JSON.",
	},
}
