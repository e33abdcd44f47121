// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"flag"
	"io"

	"github.com/eelcocramer/tamtam/internal/flaghelp"
)

// groups are the flags as the help has them. Each flag is in one of them.
var groups = []flaghelp.Group{
	{Title: "ADDRESS", Flags: []string{"bind", "port", "iface", "ipv6", "advertise"}},
	{Title: "NODE", Flags: []string{"name", "tag", "state-dir"}},
	{Title: "CLUSTER", Flags: []string{
		"join", "cluster", "reconnect-timeout", "allow", "plain",
		"multicast", "multicast-address", "multicast-port", "multicast-interval",
	}},
	{Title: "FAILURE DETECTION", Flags: []string{"profile", "heartbeat", "min-ping"}},
	{Title: "KEYS", Flags: []string{"keyring-file", "encrypt", "operator-key"}},
	{Title: "MESSAGES", Flags: []string{"max", "keep", "keep-bytes"}},
	{Title: "GRPC", Flags: []string{
		"rpc", "rpc-cert", "rpc-key", "rpc-client-ca", "rpc-token-file", "rpc-read-token-file", "rpc-insecure",
	}},
	{Title: "HTTP", Flags: []string{"http", "http-insecure"}},
	{Title: "DNS", Flags: []string{"dns", "dns-insecure"}},
	{Title: "CONFIGURATION AND LOG", Flags: []string{"config", "check", "log-level", "log-format", "verbose", "trace", "nobanner"}},
}

// WriteHelp writes the help of tamtamd, with the flags of fs.
func WriteHelp(w io.Writer, fs *flag.FlagSet) {
	width := flaghelp.Width(w)
	flaghelp.Head(w, "Join this machine to a cluster, and serve its programs by gRPC.", "tamtamd [flags]", Long, width)
	flaghelp.Write(w, fs, Short(), groups, width)
}
