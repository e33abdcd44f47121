// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/descriptors"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/dns"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/web"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// sockets are all sockets of the daemon. They are bound before anything runs, so that a
// taken port ends the start.
type sockets struct {
	gossip *wire.Socket
	local  netip.AddrPort // the address that other nodes use
	guard  *rpcguard.Guard
	rpc    []net.Listener
	http   *web.Listener // nil without --http
	dns    *dns.Sockets  // nil without --dns
}

// bind binds all sockets, or none.
func bind(flags *daemonflags.Flags, logger log.Logger) (s *sockets, err error) {
	s = &sockets{}
	defer func() {
		if err != nil {
			s.Close()
			s = nil
		}
	}()
	family := familyOf(flags)
	at, err := gossipIP(flags.Bind, flags.Iface, family)
	if err != nil {
		return s, err
	}
	tellChosen(logger, at)
	gossip := netip.AddrPortFrom(at.ip, flags.Port)
	if s.gossip, err = patiently(logger, func() (*wire.Socket, error) { return wire.Listen(gossip) }); err != nil {
		return s, fmt.Errorf("%w%s", err, bindHint(err, "--port", "--bind"))
	}
	if s.local, err = advertised(flags.Advertise, s.gossip.Local(), family); err != nil {
		return s, err
	}
	if !flags.Allow.Allow(s.local.Addr()) {
		return s, fmt.Errorf("--allow %s does not contain %s, by which other nodes know this one: add its network, or give another address by --bind or --advertise",
			flags.Allow, s.local.Addr())
	}
	connections := shares(logger, descriptors.Limit())
	guard := guardConfig(flags.RPCGuard, logger)
	guard.Connections = connections.rpc
	if s.guard, err = rpcguard.New(guard); err != nil {
		return s, err
	}
	listen := func() ([]net.Listener, error) { return s.guard.Listen(flags.RPC, flags.RPCGuard.Insecure) }
	if s.rpc, err = patiently(logger, listen); err != nil {
		return s, fmt.Errorf("%w%s", err, bindHint(err, "--rpc", "--rpc"))
	}
	if flags.HTTP != "" {
		listen := func() (*web.Listener, error) { return web.Listen(flags.HTTP, flags.HTTPInsecure, connections.http) }
		if s.http, err = patiently(logger, listen); err != nil {
			return s, fmt.Errorf("serve HTTP on %s: %w%s", flags.HTTP, err, bindHint(err, "--http", "--http"))
		}
	}
	if flags.DNS != "" {
		listen := func() (*dns.Sockets, error) { return dns.Listen(flags.DNS, flags.DNSInsecure) }
		if s.dns, err = patiently(logger, listen); err != nil {
			return s, fmt.Errorf("serve DNS on %s: %w%s", flags.DNS, err, bindHint(err, "--dns", "--dns"))
		}
	}
	return s, nil
}

// connections is how many clients may have open.
type connections struct{ rpc, http int }

// wantedConnections is how many connections clients may have where there are enough descriptors.
const wantedConnections = rpcguard.MaxConnections + web.MaxConnections

// shares returns how many connections there may be of each kind, if the process may open limit
// descriptors. It warns if that is less than there would be otherwise.
func shares(logger log.Logger, limit uint64) connections {
	all := int(descriptors.Share(limit, wantedConnections))
	if all < wantedConnections {
		_ = level.Warn(logger).Log("msg", "few file descriptors: clients may have fewer connections, so that enough are left for the gossip",
			"descriptors", limit, "connections", all, "do", fmt.Sprintf("raise LimitNOFILE= or ulimit -n for %d connections", wantedConnections))
	}
	return connections{rpc: all * rpcguard.MaxConnections / wantedConnections, http: all * web.MaxConnections / wantedConnections}
}

// bindWithin is how long a daemon waits for an address that is in use: by the one that it
// replaces, or by a program that took the port while there was none.
const bindWithin = 5 * time.Second

// patiently binds, and tries again for bindWithin if the address is in use. It says so once.
func patiently[T any](logger log.Logger, bind func() (T, error)) (T, error) {
	for began, told := time.Now(), false; ; told = true {
		bound, err := bind()
		if !errors.Is(err, syscall.EADDRINUSE) || time.Since(began) >= bindWithin {
			return bound, err
		}
		if !told {
			_ = level.Warn(logger).Log("msg", "address is in use, trying again", "within", bindWithin, "err", err)
		}
		time.Sleep(bindWithin / 50)
	}
}

// Close closes all sockets. Some of them may be closed already.
func (s *sockets) Close() {
	if s.gossip != nil {
		s.gossip.Close()
	}
	closeAll(s.rpc)
	if s.http != nil {
		_ = s.http.Close()
	}
	if s.dns != nil {
		_ = s.dns.Close()
	}
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close() // those that were served are closed already
	}
}

// bindHint returns what to do about a socket that could not be bound, to be added to the
// error.
func bindHint(err error, portFlag, addressFlag string) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf(" (another process has it: give another %s, or 0 for any free port)", portFlag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf(" (this machine does not have it: give another %s)", addressFlag)
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf(" (ports under 1024 take a privilege: give another %s)", portFlag)
	}
	return ""
}
