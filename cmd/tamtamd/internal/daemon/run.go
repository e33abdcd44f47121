// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/go-kit/log/level"
	"github.com/oklog/run"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/smudgenode"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node/discovery"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node/peerfile"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/reload"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/systemd"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/inspect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/metrics"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/page"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpc"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/web"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
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
	// goodbyeWithin is how long members may take to acknowledge a goodbye.
	goodbyeWithin = 500 * time.Millisecond
)

// timings of the transport, by profile.
var timings = map[string]wire.Timing{
	daemonflags.LAN: wire.LAN, daemonflags.WAN: wire.WAN, daemonflags.Local: wire.Local,
}

// Run runs a daemon until ctx is done, a signal comes (run.ErrSignal), or
// something gives up.
//
//	signals ─┐   SIGHUP: reload, which ends nothing
//	systemd ─┤   STOPPING=1
//	         ├─ run.Group ─ the first to end interrupts all, in this order:
//	streams ─┤   their subscriptions end, so that calls can
//	rpc ─────┤   no new calls, those under way end
//	http ────┤   likewise
//	pulse ───┤
//	seeds ───┤
//	gossip ──┤   goodbye, then endpoint ─▶ node.Node ─▶ smudgenode.Node ─▶ Smudge
//	multicast┘
//
// again reads the configuration again, for a reload.
func Run(ctx context.Context, settings reload.Settings, again func() (reload.Settings, error), stderr io.Writer) error {
	flags := settings.Flags
	state := lifecycle.New(time.Now)
	hangups, noHangups := catchHangups()
	defer noHangups()

	// What to log, and how much of it.
	logger, control, err := logging.New(stderr, flags.LogFormat, threshold(flags))
	if err != nil {
		return err
	}
	build := buildinfo.Read()
	if !flags.NoBanner {
		banner(stderr, build)
	}
	for _, name := range config.UnknownEnv(os.Environ(), daemonflags.Names(), ctlflags.Names(), []string{daemonflags.Keyring}) {
		_ = level.Warn(logger).Log("msg", "unknown environment variable ignored", "name", name)
	}

	bound, err := bind(flags, logger)
	if err != nil {
		return err
	}
	defer bound.Close()
	local := bound.local
	notifier, err := systemd.FromEnv()
	if err != nil { // a variable that came along, as into a container, is no reason not to run
		_ = level.Warn(logger).Log("msg", "the service manager is not told", "err", err)
	}
	defer notifier.Close()
	state.Advance(lifecycle.Bound)

	ring, err := keyringOf(flags.KeyringFile)
	if err != nil {
		return err
	}
	var live []wire.Key
	if ring != nil {
		live = ring.Keys()
	}

	var known []netip.AddrPort
	if flags.StateDir != "" {
		if known, err = peerfile.Load(flags.StateDir); err != nil {
			return fmt.Errorf("--state-dir %s: %w", flags.StateDir, err)
		}
	}

	// The node. Smudge's calls back come only once endpoint.Run and engine.Run run.
	info := node.Profile{
		MaxPayload: flags.MaxPayload, Name: nodeName(flags.Name), Version: build.Version, Tags: flags.Tags.Encode(),
	}
	endpoint := wire.NewEndpoint(bound.gossip, wire.CoreConfig{
		Info:   wire.Info{Addr: local, Cluster: flags.ClusterName, Profile: info.Encode()},
		Timing: timings[flags.Profile], Channels: node.Channels, Keys: live,
	})
	sendOn := func(ch wire.Channel) func(netip.AddrPort, []byte) bool {
		return func(to netip.AddrPort, b []byte) bool { return endpoint.Send(to, ch, b, 0) }
	}
	if ring != nil {
		ring.OnChange(endpoint.SetKeys)
	}
	var gossip *node.Node
	startCtx, cancel := context.WithTimeout(ctx, smudgeStart)
	engine, err := smudgenode.Start(startCtx, smudgenode.Config{
		Local:       local,
		Heartbeat:   flags.Heartbeat,
		MinPing:     flags.MinPing,
		Send:        func(to netip.AddrPort, d datagram.Datagram) { gossip.Send(to, d) },
		Outgoing:    func(to netip.AddrPort, e datagram.Entry) bool { return gossip.Outgoing(to, e) },
		OnStatus:    func(a netip.AddrPort, s datagram.Status, by netip.AddrPort) { gossip.OnStatus(a, s, by) },
		OnForgotten: func(a netip.AddrPort) { gossip.OnForgotten(a) },
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

	self := member.Info{Session: endpoint.Session(), Name: info.Name, Version: info.Version, MaxPayload: info.MaxPayload, Tags: info.Tags}
	table := member.NewTable(local, self, rand.Uint64()>>1, time.Now)
	broadcaster := broadcast.New(broadcast.Config{
		Local:      broadcast.Stream{Origin: local, Session: self.Session},
		MaxPayload: flags.MaxPayload, Keep: flags.Keep, KeepBytes: flags.KeepBytes,
		Send: func(to netip.AddrPort, b []byte, token uint64) bool {
			return endpoint.Send(to, node.BroadcastChannel, b, token)
		},
		SendDatagram: func(to netip.AddrPort, b []byte) { endpoint.Send(to, node.DatagramChannel, b, 0) },
		SendBare:     endpoint.SendBare,
	})
	var shown *metrics.Metrics // nil without --http
	if bound.http != nil {
		shown = metrics.New(build)
		broadcaster.Follow(func(d broadcast.Delivery) { shown.OnDelivery(d, d.Message.Origin == local) })
	}
	table.Follow(func(c member.Change) {
		broadcaster.OnMember(c)
		if !c.Member.Local && c.Member.Status == member.Alive {
			state.Found()
		}
		if shown != nil {
			shown.OnMember(c)
		}
	})
	clusterKeys := &keys.Cluster{Ring: ring, Local: local, Members: table, Logger: logger}
	inspector := inspect.New(inspect.Config{
		Local: local, Members: table, Wire: endpoint,
		Version: build.Version, SmudgeVersion: build.Smudge, Profile: flags.Profile, MaxPayload: flags.MaxPayload,
	})
	if ring != nil {
		inspector.Keys = ring.IDs
	}
	observer := reach.New(reach.Config{
		Local: local, Session: self.Session, Members: table, Now: time.Now,
		Own: func() []wire.Link { return ownLinks(endpoint, gossip) },
	})
	queries := peers.New(peers.Config{
		SendQuestion: sendOn(node.QuestionChannel), SendAnswer: sendOn(node.AnswerChannel),
		Answer: answerer(clusterKeys, inspector, observer),
	})
	clusterKeys.Ask, inspector.Ask, observer.Ask = queries.Each, queries.Each, queries.Each
	gossip = node.New(node.Config{
		Local:            local,
		Heartbeat:        flags.Heartbeat,
		MinPing:          flags.MinPing,
		ReconnectTimeout: flags.ReconnectTimeout,
		Engine:           engine,
		Wire:             endpoint,
		Table:            table,
		OnBroadcast:      broadcaster.ReceivePlain,
		OnMessage:        broadcaster.Receive,
		OnAcked:          broadcaster.Acked,
		OnQuestion:       queries.Asked,
		OnAnswer:         queries.Answered,
		Sealed:           ring != nil,
		MaxPayload:       flags.MaxPayload,
		Logger:           logger,
	})
	inspector.Heartbeat = gossip.Heartbeat
	counters := []func(map[string]uint64){
		endpoint.Counters, gossip.Counters, engine.Counters, broadcaster.Counters, table.Counters, queries.Counters,
		bound.guard.Counters,
	}
	var multicast *discovery.Multicast
	if flags.Multicast {
		if multicast, err = discovery.Listen(multicastConfig(flags, bound.gossip.Local(), gossip, endpoint, logger)); err != nil {
			return err
		}
		defer multicast.Close()
		counters = append(counters, multicast.Counters)
	}

	// Leaving, for whatever reason, comes before the socket closes.
	leave := func(ctx context.Context) (acknowledged, missed int) {
		state.Advance(lifecycle.Leaving)
		ctx, cancel := context.WithTimeout(ctx, goodbyeWithin)
		defer cancel()
		return gossip.Leave(ctx)
	}
	asked := make(chan struct{})
	var once sync.Once
	count := func() map[string]uint64 {
		m := map[string]uint64{}
		for _, add := range counters {
			add(m)
		}
		return m
	}
	rpcConfig := rpc.Config{
		Node: gossip, Members: table, Messages: broadcaster, Keys: clusterKeys, Threshold: control,
		Guard:     bound.guard,
		Inspector: inspector, Strangers: gossip.Strangers,
		Leave: func(ctx context.Context) (int, int) {
			defer once.Do(func() { close(asked) })
			return leave(ctx)
		},
		Counters: count,
		Local:    local, Started: time.Now(), ClusterName: flags.ClusterName,
		Profile: flags.Profile, Build: build, Logger: logger,
	}
	if shown != nil {
		rpcConfig.Observe = shown.OnCall
	}
	server := rpc.NewServer(rpcConfig)
	state.OnChange(func(p lifecycle.Phase) { server.SetReady(p.Ready()) })

	// Operation: what is told of the daemon, and what can be changed while it runs.
	pulse := lifecycle.NewPulse(time.Now,
		lifecycle.Loop{Name: "endpoint", Poke: endpoint.Poke, Rounds: endpoint.Rounds},
		lifecycle.Loop{Name: "gossip", Poke: gossip.Poke, Rounds: gossip.Rounds},
		lifecycle.Loop{Name: "broadcast", Poke: broadcaster.Poke, Rounds: broadcaster.Rounds},
	)
	seeds := newSeeker(func(ctx context.Context, seeds []string) { gossip.Seek(ctx, seeds, state.Found) })
	reloader := reload.New(reload.Config{Running: settings, Read: again, Logger: logger})
	reloadable(reloader, flags, control, gossip, broadcaster, seeds)
	if ring != nil {
		reloader.OnReload("--keyring-file", ring.Reload)
	}
	var httpServer *web.Server
	if bound.http != nil {
		shown.Watch(metrics.Sources{
			Members: table, Node: gossip, Wire: endpoint, Counters: count,
			State: state, Live: pulse.Live, Reloads: reloader.Status,
			Local: local, Name: info.Name, Cluster: flags.ClusterName,
		})
		status := page.New(page.Config{
			Members: table, Messages: broadcaster, Links: observer.Matrix, State: state,
			Local: local, Name: info.Name, Cluster: flags.ClusterName, Version: build.Version, Sealed: ring != nil,
			Started: time.Now(), Now: time.Now,
		})
		host, _, _ := net.SplitHostPort(flags.HTTP) // as it was listened on
		httpServer = web.NewServer(bound.http, web.Config{
			State: state, Live: pulse.Live, Alive: func() int { return alive(table) }, Metrics: shown.Handler(),
			Page: status, Name: host, Logger: logger,
		})
		counters = append(counters, httpServer.Counters, status.Counters)
	}
	status := func() string {
		phase, _ := state.Phase()
		return fmt.Sprintf("%s, %d alive; gossip %s, gRPC %s", phase, alive(table), local, addresses(bound.rpc))
	}

	// The actors. Interrupts are called in this order and each waits for none.
	var g run.Group
	g.Add(run.SignalHandler(ctx, os.Interrupt, syscall.SIGTERM))
	add := func(execute func(context.Context)) {
		ctx, cancel := context.WithCancel(ctx)
		g.Add(func() error {
			execute(ctx)
			<-ctx.Done() // ending early ends nobody else
			return nil
		}, func(error) { cancel() })
	}
	add(func(ctx context.Context) {
		reloadAt(ctx, hangups, func() {
			notifier.Reloading()
			_ = reloader.Reload() // it has told, and the daemon runs on
			notifier.Reloaded(status())
		})
	})
	add(func(ctx context.Context) {
		notifier.Run(ctx, systemd.Config{State: state, Live: pulse.Live, Status: status})
	})
	{
		ended := make(chan struct{})
		g.Add(func() error {
			select {
			case <-ended:
			case <-asked:
			}
			return nil
		}, func(error) {
			exitOnSecondSignal()
			_ = level.Info(logger).Log("msg", "stopping")
			state.Advance(lifecycle.Leaving)
			broadcaster.Close()
			table.Close()
			close(ended)
		})
	}
	g.Add(func() error { return server.Serve(bound.rpc...) }, func(error) { go server.Stop(callsEnd) })
	if httpServer != nil {
		g.Add(httpServer.Serve, func(error) { go httpServer.Stop() })
	}
	if bound.http != nil || notifier.Watched() {
		add(pulse.Run)
	}
	add(func(ctx context.Context) { seeds.run(ctx, flags.Join) })
	if flags.StateDir != "" {
		add(func(ctx context.Context) { gossip.Return(ctx, known) })
		add(func(ctx context.Context) { peerfile.Keep(ctx, flags.StateDir, table, logger) })
	}
	add(gossip.Run)
	add(broadcaster.Run)
	add(queries.Run)
	add(engine.Run)
	if multicast != nil {
		add(multicast.Run)
	}
	g.Add(func() error { return endpoint.Run(gossip.Handle) }, func(error) {
		go func() {
			leave(ctx)
			endpoint.Close()
		}()
	})

	if bound.http != nil {
		_ = level.Info(logger).Log("msg", "probes and metrics", "http", bound.http.Addr())
	}
	_ = level.Info(logger).Log("msg", "ready", "gossip", local, "rpc", addresses(bound.rpc),
		"name", info.Name, "cluster", flags.ClusterName, "profile", flags.Profile, "sealed", ring != nil,
		"heartbeat", flags.Heartbeat, "detection", gossip.DetectionTime(), "version", build.Version)
	warnOfOpen(logger, bound.guard, bound.rpc)
	state.Advance(lifecycle.Seeking)
	if len(flags.Join) == 0 {
		state.Advance(lifecycle.Settled) // whoever comes, nobody is sought
	}
	err = g.Run()
	_ = level.Info(logger).Log("msg", "stopped")
	return err
}
