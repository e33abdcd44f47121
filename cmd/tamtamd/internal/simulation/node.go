// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

const (
	maxPayload       = 256
	keptMessages     = 4096
	keptBytes        = 4 << 20
	reconnectTimeout = 24 * time.Hour
)

// Node is one session of a node of a cluster.
type Node struct {
	Index int
	Addr  netip.AddrPort

	cluster    *Cluster
	session    uint64
	state      nodeState
	membership *membership.Core
	wire       *wire.Core
	broadcast  *broadcast.Core
	users      *ask.Core // their questions
	engine     *Smudge
	view       []seen         // by the index of the member
	tags       map[int]string // by the index of the member; of those that have some
	deaths     map[int]Death  // by the index of the member; the last of each
	asks       int            // the node that it joins; -1 for none

	broadcastDue, usersDue lateness.Due

	events  []wire.Event // scratch
	outputs []membership.Output
}

type nodeState uint8

const (
	up nodeState = iota
	leaving
	ended
)

// seen is a member as a node sees it.
type seen struct {
	session uint64
	status  member.Status // none: not listed
}

func newNode(c *Cluster, i int, now time.Time) *Node {
	o := &c.options
	n := &Node{Index: i, Addr: Address(i), cluster: c, view: make([]seen, o.Nodes), tags: make(map[int]string), deaths: make(map[int]Death), asks: -1}
	random := rand.New(rand.NewPCG(c.random.Uint64(), uint64(i)))
	profile := membership.Profile{MaxPayload: maxPayload, Name: nodeName(i), Version: "simulated"}
	wireConfig := wire.CoreConfig{
		Info:   wire.Info{Addr: n.Addr, Cluster: "simulated", Profile: profile.Encode()},
		Timing: o.Profile.Timing, Channels: membership.Channels, Random: random.Uint64,
		Output: func(to netip.AddrPort, b []byte) { c.Network.Send(n.Addr, to, b) },
	}
	config := membership.Config{
		Self: member.Identity{Addr: n.Addr, Cluster: wireConfig.Info.Cluster, Info: member.Info{
			Name: profile.Name, Version: profile.Version, MaxPayload: maxPayload,
		}},
		Heartbeat: o.Profile.Heartbeat, MinPing: o.Profile.MinPing,
		ReconnectTimeout: reconnectTimeout, Random: random,
		TakesClear: func() bool { return n.wire.Encryption().TakesClear() },
		Network:    func() (float64, bool, time.Duration) { return n.wire.Network(c.Network.Now()) },
		Overflows:  func() uint64 { return c.Network.Overflows(n.Addr) },
	}
	if o.Tune != nil {
		o.Tune(i, &config, &wireConfig)
	}
	n.wire = wire.NewCore(wireConfig, now)
	n.session = n.wire.Session()
	config.Self.Session = n.session
	n.membership = membership.New(config)
	n.broadcast = broadcast.NewCore(broadcast.CoreConfig{
		Local: broadcast.Stream{Origin: n.Addr, Session: n.session}, Keep: keptMessages, KeepBytes: keptBytes,
		Send: func(to netip.AddrPort, b []byte, token uint64, push bool) bool {
			return n.wire.Send(c.Network.Now(), to, membership.ChannelOf(push), b, token)
		},
		Deliver: func(d broadcast.Delivery) { c.delivered(n, d) },
		Random:  random.IntN,
	})
	n.users = newAsks(n)
	n.engine = NewSmudge(SmudgeConfig{Local: n.Addr, MinPing: config.MinPing, Random: random}, now)
	return n
}

// Receive implements Process.
func (n *Node) Receive(now time.Time, from netip.AddrPort, b []byte, waited time.Duration) {
	n.wire.ReceiveWaited(now, from, b, waited)
	n.settle(now)
}

// TickSocket implements Process.
func (n *Node) TickSocket(now time.Time) {
	n.wire.Tick(now)
	n.settle(now)
}

// Tick implements Process.
func (n *Node) Tick(now time.Time) {
	due := func(t time.Time) bool { return !t.IsZero() && !t.After(now) }
	if due(n.engine.Next()) {
		n.engine.Tick(now)
	}
	if due(n.membership.Next()) {
		n.membership.Tick(now)
	}
	if due(n.broadcast.Next(now)) {
		n.membership.Late(now, lateness.Broadcast, n.broadcastDue.Done(now))
		n.broadcast.Tick(now)
	}
	if due(n.users.Next()) {
		n.membership.Late(now, lateness.Queries, n.usersDue.Done(now))
		n.users.Tick(now)
	}
	n.settle(now)
}

// Next implements Process.
func (n *Node) Next() (tick, socket time.Time) {
	now := n.cluster.Network.Now()
	messages, users := n.broadcast.Next(now), n.users.Next()
	n.broadcastDue.Set(messages, now)
	n.usersDue.Set(users, now)
	tick = deadline.Earlier(deadline.Earlier(n.engine.Next(), n.membership.Next()), users)
	return deadline.Earlier(tick, messages), n.wire.Next()
}

// settle is the shell: it brings to each part what the others have for it, until there is
// nothing more.
func (n *Node) settle(now time.Time) {
	for again := true; again; {
		again = false
		n.events = n.wire.AppendEvents(n.events[:0])
		for _, e := range n.events {
			n.cluster.trace.event(n, e)
			n.membership.Handle(now, e)
			n.carryOut(now)
			again = true
		}
		again = n.carryOut(now) || again
		again = n.hearEngine(now) || again
		again = n.hearAsks(now) || again
	}
}

// hearEngine takes what the engine has for membership.
func (n *Node) hearEngine(now time.Time) (any bool) {
	for _, s := range n.engine.TakeStatuses() {
		n.membership.OnStatus(now, s.Addr, s.Status, s.By)
		any = true
	}
	for _, s := range n.engine.TakeSends() {
		n.cluster.Network.Charge(n.cluster.options.Machine.Engine)
		d, ok := n.engine.Write(s, func(e datagram.Entry) bool { return n.membership.Outgoing(now, s.To, e) })
		if ok {
			n.membership.Send(now, s.To, d)
		}
		any = true
	}
	return any
}

// carryOut carries out the outputs of membership.
func (n *Node) carryOut(now time.Time) (any bool) {
	n.outputs = n.membership.AppendOutputs(n.outputs[:0])
	for _, o := range n.outputs {
		n.carryOutOne(now, o)
	}
	clear(n.outputs)
	return len(n.outputs) > 0
}

func (n *Node) carryOutOne(now time.Time, o membership.Output) {
	n.cluster.trace.output(n, o)
	switch o := o.(type) {
	case membership.Greet:
		n.wire.Greet(now, o.To)
	case membership.GreetBy:
		n.wire.GreetBy(now, o.To, o.Via)
	case membership.Route:
		n.wire.Route(now, o.To, o.Via)
	case membership.Probe:
		n.wire.Probe(now, o.At)
	case membership.SendBare:
		n.cluster.Network.Send(n.Addr, o.To, o.Packet)
	case membership.Send:
		n.send(now, o)
	case membership.SendAll:
		n.wire.SendAll(now, o.Channel, o.Data)
	case membership.SetProfile:
		n.wire.SetProfile(now, o.Profile.Encode())
	case membership.Abandon:
		n.wire.Abandon(o.To)
	case membership.CloseSession:
		n.wire.CloseSession(now, o.With)
	case membership.SetSlow:
		n.wire.SetSlow(o.Times)
	case membership.Shut:
		n.wire.Shut()
	case membership.Admit:
		if o.Replace {
			n.engine.Remove(now, o.Addr)
		}
		n.engine.Add(now, o.Addr)
		n.cluster.Network.Charge(n.cluster.options.Machine.Engine) // a socket
		n.see(now, o.Addr, seen{o.Info.Session, member.Alive}, o.Addr)
		n.seeTags(o.Addr, o.Info.Tags)
		n.joined(o.Addr, nil)
	case membership.EngineRemove:
		n.engine.Remove(now, o.Addr)
	case membership.EnginePing:
		n.engine.Ping(now, o.Addr)
	case membership.EngineDeliver:
		n.engine.Deliver(now, o.From, o.Datagram, o.Pass.Mapper())
	case membership.SetMinPing:
		n.engine.SetMinPing(o.Wait)
	case membership.TableSet:
		i := n.cluster.index[o.Addr]
		if o.Status == member.Dead {
			n.deaths[i] = Death{n.view[i].session, o.By, member.ReasonTo(o.Status), now}
		}
		n.see(now, o.Addr, seen{n.view[i].session, o.Status}, o.By)
	case membership.TableRestore:
		n.deaths[n.cluster.index[o.Addr]] = Death{o.Info.Session, o.By, o.Reason, o.At}
		n.see(now, o.Addr, seen{o.Info.Session, o.Status}, o.By)
	case membership.TableDescribe, membership.AskProfile: // names are not simulated
	case membership.TableRemove:
		n.see(now, o.Addr, seen{}, o.By)
	case membership.TableRetag:
		n.seeTags(o.Addr, o.Tags)
	case membership.TableRenew:
		n.cluster.renewed(n, o.Session)
		n.broadcast.Renew(now, o.Session)
	case membership.Message:
		n.message(now, o.Event)
	case membership.Joined:
		n.joined(o.Addr, o.Err)
	case membership.SelfRemoved:
		n.cluster.renew(n, now)
	case membership.LeaveDone:
		n.cluster.end(n)
	}
}

func (n *Node) send(now time.Time, o membership.Send) {
	sent := false
	if o.WithAck {
		sent = n.wire.SendWithAck(now, o.To, o.Channel, o.Data)
	} else {
		sent = n.wire.Send(now, o.To, o.Channel, o.Data, o.Token)
	}
	if !sent {
		n.membership.Unsent(o)
	}
}

func (n *Node) message(now time.Time, e wire.Event) {
	switch {
	case e.Channel == membership.QuestionChannel || e.Channel == membership.AnswerChannel:
		n.askMessage(now, e)
	case e.Channel != membership.BroadcastChannel && e.Channel != membership.PushChannel:
	case e.Kind == wire.Acked:
		n.broadcast.Acked(now, e.Addr, e.Session, e.Token)
	default:
		n.broadcast.Receive(now, e.Addr, e.Data)
	}
}

// see notes how a member is seen from now on, and tells broadcast as Broadcaster.OnMember
// does.
func (n *Node) see(now time.Time, a netip.AddrPort, s seen, by netip.AddrPort) {
	i, ok := n.cluster.index[a]
	if !ok || n.view[i] == s {
		return
	}
	old := n.view[i]
	n.view[i] = s
	switch {
	case !s.status.Live():
		n.broadcast.Gone(a)
		n.users.Gone(now, a, "it is not live")
	default:
		if old.status.Live() && old.session != s.session {
			n.users.Gone(now, a, "it restarted")
		}
		if !n.broadcast.Knows(a, s.session) {
			n.broadcast.Up(now, a, s.session, true)
		}
		n.broadcast.Suspect(a, s.status == member.Suspected)
	}
	n.cluster.saw(n, i, old, s, by)
}
