// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/oklog/run"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/discovery"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/gossip"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/rpc"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/smudgenode"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/transport"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

const (
	// smudgeStart bounds the start of the library, which takes no time unless
	// something is badly wrong.
	smudgeStart = 10 * time.Second
	// callsEnd is how long calls under way may take to end at a shutdown.
	callsEnd = 300 * time.Millisecond
)

// Run runs a daemon until ctx is done, a signal comes (run.ErrSignal), or
// something gives up.
//
//	signals ─┐
//	         ├─ run.Group ─ the first to end interrupts all, in this order:
//	streams ─┤   their subscriptions end, so that calls can
//	rpc ─────┤   no new calls, those under way end
//	seeds ───┤
//	gossip ──┤   socket ─▶ gossip.Node ─▶ smudgenode.Node ─▶ Smudge
//	multicast┘
func Run(ctx context.Context, flags *daemonflags.Flags, stderr io.Writer) error {
	// What to log, and how much of it.
	threshold := logging.Info
	switch {
	case flags.Trace:
		threshold = logging.Trace
	case flags.Verbose:
		threshold = logging.Debug
	}
	logger, control, err := logging.New(stderr, flags.LogFormat, threshold)
	if err != nil {
		return err
	}
	build := buildinfo.Read()
	if !flags.NoBanner {
		banner(stderr, build)
	}
	for _, name := range config.UnknownEnv(os.Environ(), daemonflags.Names(), ctlflags.Names()) {
		_ = level.Warn(logger).Log("msg", "unknown environment variable ignored", "name", name)
	}

	// All sockets, before anything runs.
	family := datagram.IPv4
	if flags.WantsIPv6() {
		family = datagram.IPv6
	}
	ip, err := gossipIP(flags.Bind, flags.Iface, family)
	if err != nil {
		return err
	}
	socket, err := transport.Listen(netip.AddrPortFrom(ip, flags.Port))
	if err != nil {
		return fmt.Errorf("%w%s", err, bindHint(err, "--port", "--bind"))
	}
	defer socket.Close()
	local := socket.Local()
	listener, err := net.Listen("tcp", flags.RPC)
	if err != nil {
		return fmt.Errorf("serve gRPC on %s: %w%s", flags.RPC, opCause(err), bindHint(err, "--rpc", "--rpc"))
	}
	defer listener.Close()

	// The node. Smudge's calls back come only once engine.Run runs.
	var node *gossip.Node
	startCtx, cancel := context.WithTimeout(ctx, smudgeStart)
	engine, err := smudgenode.Start(startCtx, smudgenode.Config{
		Local:       local,
		Heartbeat:   flags.Heartbeat,
		Send:        func(to netip.AddrPort, b []byte) { node.Send(to, b) },
		OnStatus:    func(a netip.AddrPort, s datagram.Status) { node.OnStatus(a, s) },
		OnForgotten: func(a netip.AddrPort) { node.OnForgotten(a) },
		Logf: func(l, message string) {
			_ = level.Debug(logger).Log("from", "smudge", "severity", l, "msg", message)
		},
	})
	cancel()
	if err != nil {
		return err
	}
	defer engine.Close()
	control.OnChange(func(l logging.Level) { engine.SetChatter(l == logging.Trace) })

	table := member.NewTable(local, rand.Uint64()>>1, time.Now)
	messages := fanout.New[broadcast.Message]()
	broadcaster := broadcast.New(broadcast.Config{
		Local:      local,
		MaxPayload: flags.MaxPayload,
		Members:    func() []netip.AddrPort { return others(table) },
		Send:       socket.Send,
		Publish:    messages.Publish,
	})
	node = gossip.New(gossip.Config{
		Local:       local,
		Heartbeat:   flags.Heartbeat,
		Engine:      engine,
		Table:       table,
		Send:        socket.Send,
		OnBroadcast: broadcaster.Receive,
		MaxPayload:  flags.MaxPayload,
		Logger:      logger,
	})
	counters := []func(map[string]uint64){
		socket.Counters, node.Counters, engine.Counters, broadcaster.Counters, table.Counters,
		func(m map[string]uint64) { messages.Counters("messages", m) },
	}
	var multicast *discovery.Multicast
	if flags.Multicast {
		if multicast, err = discovery.Listen(multicastConfig(flags, local, node, logger)); err != nil {
			return err
		}
		defer multicast.Close()
		counters = append(counters, multicast.Counters)
	}

	server := rpc.NewServer(rpc.Config{
		Node: node, Members: table, Messages: messages, Threshold: control,
		Broadcast: broadcaster.Send,
		Counters: func() map[string]uint64 {
			m := map[string]uint64{}
			for _, add := range counters {
				add(m)
			}
			return m
		},
		Local: local, Started: time.Now(), ClusterName: flags.ClusterName,
		MaxPayload: flags.MaxPayload, Build: build, Logger: logger,
	})

	// The actors. Interrupts are called in this order and each waits for none.
	var g run.Group
	g.Add(run.SignalHandler(ctx, os.Interrupt, syscall.SIGTERM))
	{
		ended := make(chan struct{})
		g.Add(func() error {
			<-ended
			return nil
		}, func(error) {
			exitOnSecondSignal()
			_ = level.Info(logger).Log("msg", "stopping")
			messages.Close()
			table.Close()
			close(ended)
		})
	}
	g.Add(func() error { return server.Serve(listener) }, func(error) { go server.Stop(callsEnd) })
	add := func(execute func(context.Context)) {
		ctx, cancel := context.WithCancel(ctx)
		g.Add(func() error {
			execute(ctx)
			<-ctx.Done() // ending early ends nobody else
			return nil
		}, func(error) { cancel() })
	}
	add(func(ctx context.Context) { node.Seek(ctx, flags.Join) })
	add(node.Run)
	add(engine.Run)
	if multicast != nil {
		add(multicast.Run)
	}
	g.Add(func() error { return socket.Run(node.Receive) }, func(error) { socket.Close() })

	_ = level.Info(logger).Log("msg", "ready", "gossip", local, "rpc", listener.Addr(),
		"cluster", flags.ClusterName, "heartbeat", flags.Heartbeat, "version", build.Version)
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		_ = level.Warn(logger).Log("msg", "gRPC is open to the network, without encryption or authentication", "rpc", listener.Addr())
	}
	err = g.Run()
	_ = level.Info(logger).Log("msg", "stopped")
	return err
}

// others returns the members that a broadcast goes to.
func others(t *member.Table) []netip.AddrPort {
	members, _ := t.List()
	live := make([]netip.AddrPort, 0, len(members))
	for _, m := range members {
		if !m.Local && m.Status != member.Dead {
			live = append(live, m.Addr)
		}
	}
	return live
}

func multicastConfig(f *daemonflags.Flags, local netip.AddrPort, node *gossip.Node, logger log.Logger) discovery.Config {
	group := f.MulticastAddress
	if !group.IsValid() {
		group = discovery.DefaultGroup(datagram.FamilyOf(local.Addr()))
	}
	return discovery.Config{
		Local: local, Cluster: f.ClusterName,
		Group:    netip.AddrPortFrom(group, f.MulticastPort),
		Interval: f.MulticastInterval,
		Found:    node.Consider,
		Logger:   logger,
	}
}

// opCause takes the address out of an error that is about to name it.
func opCause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// bindHint says what to do about a socket that could not be bound.
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
