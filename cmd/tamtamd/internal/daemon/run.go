// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-kit/log/level"
	"github.com/oklog/run"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/descriptors"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/reload"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/systemd"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/unmap"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/dns"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/metrics"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/page"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rest"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpc"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/web"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/hangup"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// callsEnd is how long calls under way may take to end at a shutdown.
const callsEnd = 300 * time.Millisecond

// Run runs a daemon until ctx is done, a signal comes (run.ErrSignal), or
// something gives up. again reads the configuration again, for a reload.
//
//	flags ─▶ sockets ─▶ node.Assemble ─▶ servers ─▶ run.Group
//
// The first actor of the group to end interrupts all, in this order:
//
//	signals   SIGINT and SIGTERM end the daemon
//	hangups   SIGHUP reloads the configuration, and ends nothing
//	systemd   the interrupt reports STOPPING=1
//	streams   a call to leave ends the daemon; the interrupt ends the
//	          subscriptions, so that calls can end
//	rpc       the interrupt takes no new calls; those under way end
//	http      likewise; with --http
//	dns       the interrupt ends it; with --dns
//	liveness  asks the event loops for it; with --http or a watchdog
//	node      node.Assembly.Run: all loops of the node
//	wire      node.Assembly.Serve: the gossip socket; the interrupt leaves the
//	          cluster, and then closes it
func Run(ctx context.Context, settings reload.Settings, again func() (reload.Settings, error), stderr io.Writer) error {
	flags, build := settings.Flags, buildinfo.Read()
	started, state := time.Now(), lifecycle.New(time.Now)
	hangups, noHangups := hangup.Catch()
	defer noHangups()

	// What to log, and how much of it. The daemon outlives the reader of its log.
	signal.Ignore(syscall.SIGPIPE)
	logger, control, err := logging.New(stderr, flags.LogFormat, threshold(flags))
	if err != nil {
		return err
	}
	defer control.Flush()
	if !flags.NoBanner {
		banner(stderr, build)
	}
	warnOfUnknownEnv(logger)

	// All sockets, before anything runs.
	bound, err := bind(flags, logger)
	if err != nil {
		return err
	}
	defer bound.Close()
	notifier, err := systemd.FromEnv()
	if err != nil { // a variable that came along, as into a container, is no reason not to run
		_ = level.Warn(logger).Log("msg", "the service manager is not told", "err", err)
	}
	defer notifier.Close()
	state.Advance(lifecycle.Bound)

	// The node. It sends nothing yet.
	secrets, err := readSecrets(flags)
	if err != nil {
		return err
	}
	encryption := secrets.encryption
	var shown *metrics.Metrics // nil, which counts nothing, without --http
	if bound.http != nil {
		shown = metrics.New(build)
	}
	assembly, err := node.Assemble(ctx, node.Setup{
		Flags: flags, Self: identity(flags, bound.local, build.Version), Socket: bound.gossip, Ring: secrets.ring, Encryption: encryption, Operators: secrets.operators,
		Build: build, Descriptors: func() descriptors.Usage { return descriptors.Use(wantedConnections) }, Logger: logger,
		Found: state.Found, Removed: state.Remove, Readmitted: state.Readmit, OnMember: shown.OnMember, OnDelivery: shown.OnDelivery,
	})
	if err != nil {
		return err
	}
	defer assembly.Close()
	self := assembly.Self
	control.OnChange(func(l logging.Level) { assembly.SetChatter(l == logging.Trace) })

	// Operation: whether the daemon is well, and what can be changed while it runs.
	liveness := lifecycle.NewLiveness(time.Now, assembly.EventLoops()...)
	leaver := newLeaver(state, assembly.Node)
	reloader := reload.New(reload.Config{Running: settings, Read: again, Logger: logger})
	book, err := newBook(self.Tags, assembly.Node)
	if err != nil {
		return err
	}
	reloadable(reloader, flags, control, assembly, book, logger)
	status := func() string {
		phase, _ := state.Phase()
		return fmt.Sprintf("%s, %d alive; gossip %s, gRPC %s", phase, assembly.Alive(), self.Addr, addresses(bound.rpc))
	}

	// The servers: with --http, probes, metrics and the status page; and the API.
	all := counters{assembly.Counters, book.Counters, bound.guard.Counters, control.Counters}
	var website *web.Server // nil without --http
	var server *rpc.Server
	if bound.http != nil {
		home := page.New(page.Config{
			Members: assembly.Members, Messages: assembly.Messages, Links: assembly.Observer.Matrix, State: state,
			Self: self, Sealed: assembly.Sealed, Started: started, Now: time.Now, Connections: bound.http.Most(),
			// The server is there before any request is.
			Inspect: func(ctx context.Context) (*tamtamv1.InspectResponse, error) { return server.Inspect(ctx) },
		})
		api := rest.New(rest.Config{Members: assembly.Members, Calls: func() rest.Calls { return server }, Connections: bound.http.Most()})
		all = append(all, bound.http.Counters, home.Counters, api.Counters)
		host, _, _ := net.SplitHostPort(flags.HTTP) // as it was listened on
		website = web.NewServer(bound.http, web.Config{
			State: state, Live: liveness.Live, Alive: assembly.Alive, API: api, Page: home, Name: host, Logger: logger,
			Metrics: shown.Handler(metrics.Sources{
				Members: assembly.Members, Node: assembly.Node, Wire: assembly.Wire, Counters: all.read,
				State: state, Live: liveness.Live, Reloads: reloader.Status, Self: self,
			}),
		})
		_ = level.Info(logger).Log("msg", "probes and metrics", "http", bound.http.Addr())
	}
	var names *dns.Server // nil without --dns
	if bound.dns != nil {
		names = dns.NewServer(bound.dns, assembly.Members)
		all = append(all, names.Counters)
		_ = level.Info(logger).Log("msg", "answering DNS", "dns", bound.dns.Addr())
	}
	minutes := counter.NewHistory(all.read, time.Now)
	server = rpc.NewServer(rpc.Config{
		Node: assembly.Node, Members: assembly.Members, Messages: assembly.Messages, Topics: assembly.Topics, Asks: assembly.Asks, Leases: book, Keys: assembly.Keys,
		Inspector: assembly.Inspector, Links: assembly.Observer.Matrix, LinksBetween: assembly.Observer.Between,
		Strangers: assembly.Node.Strangers, RefusedPlain: assembly.Node.RefusedPlain,
		Leave:     leaver.onCall,
		Threshold: control, Guard: bound.guard, Counters: all.read, Minutes: minutes.Minutes, Observe: shown.OnCall,
		State: state, Self: self, Started: started, Profile: flags.Profile, Build: build, Logger: logger, Audit: control.Audit(),
	})
	state.OnChange(func(p lifecycle.Phase) {
		server.SetReady(p.Ready())
		if p.Ready() {
			_ = level.Info(logger).Log("msg", "ready", "after", time.Since(started).Round(time.Millisecond))
		}
	})

	// The actors. Interrupts are called in this order and each waits for none.
	var g run.Group
	add := func(execute func(context.Context)) {
		ctx, cancel := context.WithCancel(ctx)
		g.Add(func() error {
			execute(ctx)
			<-ctx.Done() // ending early ends nobody else
			return nil
		}, func(error) { cancel() })
	}
	signals := catchEndings()
	g.Add(signals.actor(ctx))
	add(func(ctx context.Context) {
		reloadAt(ctx, hangups, func() {
			notifier.Reloading()
			_ = reloader.Reload() // it has logged the error, and the daemon runs on
			notifier.Reloaded(status())
		})
	})
	add(func(ctx context.Context) {
		notifier.Run(ctx, systemd.Config{State: state, Live: liveness.Live, Status: status})
	})
	stopped := make(chan struct{})
	g.Add(func() error {
		select {
		case <-stopped:
			return nil
		case <-leaver.asked:
			return errLeft
		}
	}, func(error) {
		signals.exitOnNext()
		_ = level.Info(logger).Log("msg", "stopping")
		state.Advance(lifecycle.Leaving)
		assembly.Messages.Close()
		assembly.Asks.Close()
		book.Close()
		assembly.Members.Close()
		close(stopped)
	})
	g.Add(func() error { return server.Serve(bound.rpc...) }, func(error) { go server.Stop(callsEnd) })
	if website != nil {
		g.Add(website.Serve, func(error) { go website.Stop() })
	}
	if names != nil {
		g.Add(names.Serve, func(error) { names.Stop() })
	}
	if website != nil || notifier.Watched() {
		add(liveness.Run)
	}
	add(minutes.Run)
	add(assembly.Run)
	g.Add(assembly.Serve, func(error) {
		go func() {
			leaver.leave(ctx)
			assembly.Wire.Close()
		}()
	})

	_ = level.Info(logger).Log("msg", "started", "gossip", self.Addr, "rpc", addresses(bound.rpc),
		"name", self.Name, "cluster", self.Cluster, "profile", flags.Profile, "encrypt", encryption,
		"heartbeat", flags.Heartbeat, "detection", assembly.Node.DetectionTime(), "version", build.Version)
	sayName(logger, flags.Name, hostname())
	warnOfOpen(logger, bound.guard, bound.rpc)
	warnOfClear(logger, encryption)
	warnOfPlain(logger, flags.Plain, encryption)
	state.Advance(lifecycle.Joining)
	if len(flags.Join) == 0 {
		state.Advance(lifecycle.Joined) // it seeks nobody
	}
	unmapping := time.AfterFunc(unmap.After, func() {
		if err := unmap.File(); err != nil { // all of the program stays in memory
			_ = level.Debug(logger).Log("msg", "what only the start has used stays in memory", "err", err)
		}
	})
	defer unmapping.Stop()
	err = g.Run()
	_ = level.Info(logger).Log("msg", "stopped")
	return err
}
