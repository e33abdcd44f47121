// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/smudgenode"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/keyring"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node/discovery"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node/peerfile"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/descriptors"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/inspect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/keys"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/profiles"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/retained"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/operator"
)

// smudgeStart bounds the start of Smudge, which takes no time unless something is
// badly wrong.
const smudgeStart = 10 * time.Second

// timings of the wire, by profile.
var timings = map[string]wire.Timing{
	daemonflags.LAN: wire.LAN, daemonflags.WAN: wire.WAN, daemonflags.Local: wire.Local,
}

// Setup says what a node is assembled from. All fields but Ring and Encryption are required.
type Setup struct {
	Flags  *daemonflags.Flags // checked
	Self   member.Identity    // without a session, which Assemble draws
	Socket *wire.Socket       // the gossip socket
	Ring   *keyring.Ring      // nil for a cluster without keys
	// Encryption is what the keys are for. With wire.EncryptOff the node is as one without
	// a keyring.
	Encryption wire.Encryption
	Operators  operator.Keys // who may remove members and change keys; everybody without any
	Build      buildinfo.Info
	// Descriptors returns how many file descriptors the process may open, and has open.
	Descriptors func() descriptors.Usage
	Logger      log.Logger
	// Removed is called when this node was removed from the cluster, and Readmitted when it may
	// join again. Neither may block or call the node.
	Removed    func(lifecycle.Removal)
	Readmitted func()
	// Found is called whenever a seed is joined or another member is alive. OnMember
	// takes each change of a member, OnDelivery each broadcast that is delivered; own
	// reports whether it is of this node. None of them may block or call the node.
	Found      func()
	OnMember   func(member.Change)
	OnDelivery func(d broadcast.Delivery, own bool)
}

// Assembly is a node and all that makes it work:
//
//	network ⇄ Wire ─ events ─▶ Node ─ datagrams ──▶ engine ⇄ Smudge
//	           ▲                │ ◀─ datagrams, statuses ─┘
//	           │                ├─▶ Members    the table; what follows it
//	           │                ├─▶ Messages   broadcasts, and their readers
//	           │                ├─▶ Topics     retained topics
//	           │                ├─▶ Asks       questions of users, from and to members
//	           │                └─▶ queries    questions of nodes, from and to members
//	           │                      ▲
//	           │                      └─ Keys, Inspector, Observer ask and answer
//	           └─ Node, Messages, Topics, Asks and queries send
//
// Each part is complete when it is made: a part is given only parts that are there.
type Assembly struct {
	Self      member.Identity // as it was at the start: a removal gives the node another session
	Node      *Node
	Wire      *wire.Endpoint
	Members   *member.Table
	Messages  *broadcast.Broadcaster
	Topics    *retained.Topics
	Asks      *ask.Exchange
	Keys      *keys.Cluster
	Inspector *inspect.Inspector
	Observer  *reach.Observer

	engine    *smudgenode.Node
	queries   *peers.Queries
	profiles  *profiles.Profiles
	multicast *discovery.Multicast // nil without --multicast
	seeds     *seeker
	loops     []func(context.Context)
}

// Assemble makes a node of its parts and starts Smudge. It sends nothing before Run and
// Serve run. After an error nothing is left running, and the socket is the caller's.
func Assemble(ctx context.Context, s Setup) (_ *Assembly, err error) {
	flags, self := s.Flags, s.Self
	if s.Encryption == wire.EncryptOff {
		s.Ring = nil
	}
	var known []netip.AddrPort
	if flags.StateDir != "" {
		if known, err = peerfile.Load(flags.StateDir, s.Logger); err != nil {
			return nil, fmt.Errorf("--state-dir %s: %w", flags.StateDir, err)
		}
	}
	a := &Assembly{}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()

	// The wire draws the session.
	a.Wire = wire.NewEndpoint(s.Socket, wire.CoreConfig{
		Info:   wire.Info{Addr: self.Addr, Cluster: self.Cluster, Profile: membership.Profile(self.Info).Encode()},
		Timing: timings[flags.Profile], Channels: membership.Channels,
		Keys: keysOf(s.Ring), Encryption: s.Encryption, Allow: flags.Allow,
	})
	if s.Ring != nil {
		s.Ring.OnChange(a.Wire.SetKeys)
	}
	self.Session = a.Wire.Session()
	a.Self = self

	// What outsiders see of the cluster: members, and messages.
	a.Members = member.NewTable(self.Addr, self.Info, rand.Uint64()>>1, time.Now)
	a.Messages = broadcast.New(broadcast.Config{
		Local: broadcast.Stream{Origin: self.Addr, Session: self.Session}, Tags: self.Tags,
		MaxPayload: self.MaxPayload, Keep: flags.Keep, KeepBytes: flags.KeepBytes, Late: a.late(lateness.Broadcast),
		Send: func(to netip.AddrPort, b []byte, token uint64, push bool) bool {
			return a.Wire.Queue(to, membership.ChannelOf(push), b, token)
		},
		SendDatagram: func(to netip.AddrPort, b []byte) { a.Wire.Queue(to, membership.DatagramChannel, b, 0) },
		SendBare:     a.Wire.QueueBare,
		Flush:        a.Wire.Flush,
	})
	a.Messages.Follow(func(d broadcast.Delivery) { s.OnDelivery(d, d.Message.Origin == self.Addr) })
	a.Topics = retained.New(retained.Config{
		Self: self.Addr, Send: a.queueOn(membership.RetainedChannel), Flush: a.Wire.Flush,
		Deliver: func(v retained.Value) { a.Messages.Publish(RetainedMessage(v)) },
	})
	sendQuestion, sendAnswer := a.sendOn(membership.QuestionChannel), a.sendOn(membership.AnswerChannel)
	a.Asks = ask.New(ask.Config{
		Self: self, SendQuestion: a.queueOn(membership.QuestionChannel), SendAnswer: a.queueOn(membership.AnswerChannel),
		Flush: a.Wire.Flush, Random: randomToken, Late: a.late(lateness.Queries), Lifetime: timings[flags.Profile].Lifetime,
	})
	a.Members.Follow(func(c member.Change) {
		a.Messages.OnMember(c)
		a.Topics.OnMember(c)
		a.Asks.OnMember(c)
		if !c.Member.Local && c.Member.Status == member.Alive {
			s.Found()
		}
		s.OnMember(c)
	})

	// The node, between the wire and the engine.
	a.queries = peers.New(peers.Config{SendQuestion: sendQuestion, SendAnswer: sendAnswer})
	a.profiles = profiles.New(profiles.Config{
		Members: a.Members, Ask: a.queries.Ask,
		Learned: func(of netip.AddrPort, info member.Info, by netip.AddrPort) { a.Node.Describe(of, info, by) },
	})
	if a.engine, err = smudgenode.New(smudgenode.Config{
		Local: self.Addr, MinPing: flags.MinPing, Late: a.late(lateness.Engine),
		Logf: func(l, message string) {
			_ = level.Debug(s.Logger).Log("from", "smudge", "severity", l, "msg", message)
		},
	}); err != nil {
		return nil, err
	}
	a.Node = New(Config{
		Self:             self,
		Operators:        s.Operators,
		Plain:            flags.Plain,
		Allow:            flags.Allow,
		Known:            known,
		Heartbeat:        flags.Heartbeat,
		MinPing:          flags.MinPing,
		ReconnectTimeout: flags.ReconnectTimeout,
		Engine:           a.engine,
		Wire:             a.Wire,
		Table:            a.Members,
		OnBroadcast:      a.Messages.ReceivePlain,
		OnMessage:        a.Messages.Receive,
		OnAcked:          a.Messages.Acked,
		OnQuestion:       a.asked,
		OnAnswer:         a.answered,
		OnRetained:       a.Topics.Receive,
		OnUndescribed:    func(o membership.AskProfile) { a.profiles.Want(o.By, o.Of, o.Session) },
		OnRemoved:        func(r membership.SelfRemoved) { s.Removed(removal(r, len(flags.Join) > 0)) },
		OnReadmitted:     s.Readmitted,
		Overflows:        func() uint64 { return s.Socket.Overflows() + a.engine.Overflows() },
		ProbeSelf:        self.Addr != s.Socket.Local(),
		Logger:           s.Logger,
	})
	a.seeds = newSeeker(func(ctx context.Context, seeds []string) { a.Node.Seek(ctx, seeds, s.Found) })
	if a.multicast, err = listenMulticast(flags, s.Socket.Local(), a.Node, a.Wire, s.Logger); err != nil {
		return nil, err
	}

	// What members are asked.
	a.Keys = &keys.Cluster{
		Ring: s.Ring, Addr: self.Addr, Members: a.Members, Ask: a.queries.Each, Encryption: a.Wire.Encryption,
		Name: self.Cluster, Operators: s.Operators, Logger: s.Logger,
	}
	a.Inspector = inspect.New(inspect.Config{
		Self: self, Members: a.Members, Wire: a.Wire, Ask: a.queries.Each, Heartbeat: a.Node.Heartbeat, Keys: idsOf(s.Ring),
		Encryption: a.Wire.Encryption,
		Conflicts:  a.Node.Conflicts, Unreached: a.Node.Unreached, Descriptors: s.Descriptors, SmudgeVersion: s.Build.Smudge, Profile: flags.Profile,
	})
	a.Observer = reach.New(reach.Config{
		Addr: self.Addr, Members: a.Members, Ask: a.queries.Each, Now: time.Now,
		Own: func() []wire.Link { return ownLinks(a.Wire, a.Node) },
	})

	// What Run runs.
	answer := answerer(a.Keys, a.Inspector, a.Observer, a.profiles)
	a.loops = []func(context.Context){
		a.Node.Run, a.Messages.Run, a.Topics.Run, a.Asks.Run, a.engine.Run, a.profiles.Run,
		func(ctx context.Context) { a.queries.Run(ctx, answer) },
		func(ctx context.Context) { a.seeds.run(ctx, flags.Join) },
	}
	if flags.StateDir != "" {
		a.loops = append(a.loops,
			func(ctx context.Context) { a.Node.Return(ctx, known) },
			func(ctx context.Context) { peerfile.Keep(ctx, flags.StateDir, a.Members, a.Node.Keeps, s.Logger) })
	}
	if a.multicast != nil {
		a.loops = append(a.loops, a.multicast.Run)
	}

	// Last, and so Smudge does not run after an error before.
	ctx, cancel := context.WithTimeout(ctx, smudgeStart)
	defer cancel()
	if err := a.engine.Start(ctx, a.Node); err != nil {
		return nil, err
	}
	return a, nil
}

// asked takes a question of a member: a user's, or a node's.
func (a *Assembly) asked(from netip.AddrPort, b []byte) {
	if !a.Asks.Asked(from, b) {
		a.queries.Asked(from, b)
	}
}

// answered takes the answer of a member.
func (a *Assembly) answered(from netip.AddrPort, b []byte) {
	if !a.Asks.Answered(from, b) {
		a.queries.Answered(from, b)
	}
}

// sendOn returns a function that sends on a channel of the wire.
func (a *Assembly) sendOn(ch wire.Channel) func(netip.AddrPort, []byte) bool {
	return func(to netip.AddrPort, b []byte) bool { return a.Wire.Send(to, ch, b, 0) }
}

// queueOn is sendOn, but for what leaves with the next Flush.
func (a *Assembly) queueOn(ch wire.Channel) func(netip.AddrPort, []byte) bool {
	return func(to netip.AddrPort, b []byte) bool { return a.Wire.Queue(to, ch, b, 0) }
}

// late returns what takes how late a loop was, while Run runs.
func (a *Assembly) late(loop lateness.Loop) func(time.Duration) {
	return func(by time.Duration) { a.Node.Late(loop, by) }
}

// randomToken returns a number that no other member can guess.
func randomToken() uint64 {
	var b [8]byte
	_, _ = crand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// keysOf returns the keys of a keyring; none without one.
func keysOf(ring *keyring.Ring) []wire.Key {
	if ring == nil {
		return nil
	}
	return ring.Keys()
}

// idsOf returns what returns the key IDs of a keyring; nil without one.
func idsOf(ring *keyring.Ring) func() []string {
	if ring == nil {
		return nil
	}
	return ring.IDs
}

// Run runs the loops of the node until ctx is done. It may be called once.
func (a *Assembly) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, loop := range a.loops {
		running.Go(func() { loop(ctx) })
	}
	running.Wait()
}

// Serve takes what comes from the network until Wire is closed. It may be called once.
func (a *Assembly) Serve() error { return a.Wire.Run(a.Node.Handle, a.Node.Handled) }

// Close silences Smudge and leaves the multicast group. Run and Serve must have ended. It
// does not close the socket.
func (a *Assembly) Close() {
	if a.multicast != nil {
		a.multicast.Close()
	}
	if a.engine != nil {
		a.engine.Close()
	}
}

// Sealed reports whether the node encrypts what it sends.
func (a *Assembly) Sealed() bool { return a.Wire.Encryption().Sends() }

// SetChatter has Smudge's own log lines logged, or not.
func (a *Assembly) SetChatter(on bool) { a.engine.SetChatter(on) }

// SetSeeds seeks other seeds from now on. It does not wait. One goroutine may call it.
func (a *Assembly) SetSeeds(seeds []string) { a.seeds.set(seeds) }

// Alive returns how many members are alive, this node among them.
func (a *Assembly) Alive() int {
	n := 0
	all, _ := a.Members.List()
	for _, m := range all {
		if m.Status == member.Alive {
			n++
		}
	}
	return n
}

// EventLoops are the loops without which the node is of no use.
func (a *Assembly) EventLoops() []lifecycle.Loop {
	return []lifecycle.Loop{
		{Name: "endpoint", Wake: a.Wire.Wake, Iterations: a.Wire.Iterations},
		{Name: "gossip", Wake: a.Node.Wake, Iterations: a.Node.Iterations},
		{Name: "broadcast", Wake: a.Messages.Wake, Iterations: a.Messages.Iterations},
		{Name: "engine", Wake: a.engine.Wake, Iterations: a.engine.Iterations},
	}
}

// Counters adds what the parts counted to m.
func (a *Assembly) Counters(m map[string]uint64) {
	for _, add := range []func(map[string]uint64){
		a.Wire.Counters, a.Node.Counters, a.engine.Counters, a.Messages.Counters, a.Topics.Counters, a.Members.Counters, a.queries.Counters, a.Asks.Counters, a.profiles.Counters,
	} {
		add(m)
	}
	if a.multicast != nil {
		a.multicast.Counters(m)
	}
}

// removal is how this node was removed, for those who ask; seeds: it has seeds to try.
func removal(r membership.SelfRemoved, seeds bool) lifecycle.Removal {
	out := lifecycle.Removal{By: r.By, Name: r.Name, At: r.At}
	if seeds {
		out.SeedsAt = r.At.Add(membership.SeedsAfterRemoval)
	}
	return out
}
