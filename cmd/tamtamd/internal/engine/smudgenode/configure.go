// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"fmt"
	"math"
	"net/netip"
	"os"
	"strings"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// configure sets every property of Smudge. Smudge reads an unset property from a
// SMUDGE_* variable, and the environment must not change a node's behaviour by accident.
func configure(self netip.AddrPort, cfg Config, ev *listener) {
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "SMUDGE_") {
			_ = os.Unsetenv(name) // SMUDGE_INITIAL_HOSTS has no setter
		}
	}
	smudge.SetLogger(logger(cfg.Logf))
	smudge.SetLogThreshold(smudge.LogOff)
	smudge.SetListenIP(self.Addr().AsSlice())
	smudge.SetListenPort(int(self.Port()))
	smudge.SetClusterName(smudge.DefaultClusterName) // only for its multicast
	smudge.SetHeartbeatMillis(math.MaxInt32)         // it pings whom Ping names, and nobody by itself
	smudge.SetMinPingTime(int(cfg.MinPing.Milliseconds()))
	smudge.SetMaxBroadcastBytes(datagram.MaxPayload) // never used: Smudge gets no broadcasts
	smudge.SetMulticastEnabled(false)
	smudge.SetMulticastAddress(smudge.DefaultMulticastAddress)
	smudge.SetMulticastPort(smudge.DefaultMulticastPort)
	smudge.SetMulticastAnnounceIntervalSeconds(1)
	smudge.AddStatusListener(ev)
}

// logger passes Smudge's log lines to Config.Logf. Smudge applies its threshold before.
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

// SetChatter switches Smudge's own log lines to Config.Logf on or off. They show virtual
// addresses.
func (n *Node) SetChatter(on bool) {
	if on {
		smudge.SetLogThreshold(smudge.LogAll)
	} else {
		smudge.SetLogThreshold(smudge.LogOff)
	}
}
