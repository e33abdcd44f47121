// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"fmt"
	"net/netip"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/web"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// check reads all that flags name, as a start does, and returns the first error. It binds no
// socket and writes no file, so it can run beside the daemon.
func check(flags *daemonflags.Flags) error {
	if _, err := readSecrets(flags); err != nil {
		return err
	}
	guard, err := rpcguard.New(guardConfig(flags.RPCGuard, log.NewNopLogger()))
	if err != nil {
		return err
	}
	if err := guard.Check(flags.RPC, flags.RPCGuard.Insecure); err != nil {
		return err
	}
	if flags.HTTP != "" {
		if _, err := web.Check(flags.HTTP, flags.HTTPInsecure); err != nil {
			return fmt.Errorf("serve HTTP on %s: %w", flags.HTTP, err)
		}
	}
	family := familyOf(flags)
	at, err := gossipIP(flags.Bind, flags.Iface, family)
	if err != nil {
		return err
	}
	_, err = advertised(flags.Advertise, netip.AddrPortFrom(at.ip, flags.Port), family)
	return err
}
