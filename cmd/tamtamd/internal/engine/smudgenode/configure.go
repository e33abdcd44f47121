// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"fmt"
	"os"
	"strings"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// configure sets every property of Smudge: each that is not set is read from a
// SMUDGE_* variable, and a node must not change its ways by an accident of the
// environment.
func configure(port uint16, cfg Config, ev *events) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "SMUDGE_") {
			_ = os.Unsetenv(name) // SMUDGE_INITIAL_HOSTS has no setter
		}
	}
	smudge.SetLogger(logger(cfg.Logf))
	smudge.SetLogThreshold(smudge.LogOff)
	smudge.SetListenIP(loopback.AsSlice())
	smudge.SetListenPort(int(port))
	smudge.SetClusterName(smudge.DefaultClusterName) // only for its multicast
	smudge.SetHeartbeatMillis(int(cfg.Heartbeat.Milliseconds()))
	smudge.SetMinPingTime(int(cfg.MinPing.Milliseconds()))
	smudge.SetMaxBroadcastBytes(datagram.MaxPayload) // it never sees one
	smudge.SetMulticastEnabled(false)
	smudge.SetMulticastAddress(smudge.DefaultMulticastAddress)
	smudge.SetMulticastPort(smudge.DefaultMulticastPort)
	smudge.SetMulticastAnnounceIntervalSeconds(1)
	smudge.AddStatusListener(ev)
}

// logger hands Smudge's lines on. Smudge filters by threshold before it calls.
type logger func(level, message string)

var _ smudge.Logger = logger(nil)

func (l logger) Log(level smudge.LogLevel, a ...any) (int, error) {
	l(strings.ToLower(level.String()), strings.TrimSuffix(fmt.Sprintln(a...), "\n"))
	return 0, nil
}

func (l logger) Logf(level smudge.LogLevel, format string, a ...any) (int, error) {
	l(strings.ToLower(level.String()), fmt.Sprintf(format, a...))
	return 0, nil
}

// SetChatter lets Smudge's own log lines through to Config.Logf, or none. They
// speak of virtual addresses.
func (n *Node) SetChatter(on bool) {
	if on {
		smudge.SetLogThreshold(smudge.LogAll)
	} else {
		smudge.SetLogThreshold(smudge.LogOff)
	}
}
