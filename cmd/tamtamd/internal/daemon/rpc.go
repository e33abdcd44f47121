// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"net"
	"strings"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

func guardConfig(f daemonflags.RPCGuard, logger log.Logger) rpcguard.Config {
	return rpcguard.Config{
		Cert: f.Cert, Key: f.Key, ClientCA: f.ClientCA,
		TokenFile: f.TokenFile, ReadTokenFile: f.ReadTokenFile, Logger: logger,
	}
}

// addresses returns what the listeners are bound to, in the form that --rpc of the client
// takes.
func addresses(listeners []net.Listener) string {
	var all []string
	for _, l := range listeners {
		all = append(all, netaddr.Of(l.Addr()).String())
	}
	return strings.Join(all, ",")
}

// warnOfOpen warns of each listener where anybody on the network may read calls, or call.
func warnOfOpen(logger log.Logger, guard *rpcguard.Guard, listeners []net.Listener) {
	for _, l := range listeners {
		missing := ""
		switch {
		case netaddr.Local(l.Addr()):
		case !guard.Encrypted() && !guard.Known():
			missing = "encryption or authentication"
		case !guard.Encrypted():
			missing = "encryption"
		case !guard.Known():
			missing = "authentication"
		}
		if missing != "" {
			_ = level.Warn(logger).Log("msg", "gRPC is open to the network, without "+missing, "rpc", l.Addr())
		}
	}
}
