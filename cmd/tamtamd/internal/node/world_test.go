// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"bytes"
	"context"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/smudgenode"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

var (
	self  = netip.MustParseAddrPort("192.0.2.1:9999")
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	bob   = netip.MustParseAddrPort("192.0.2.3:9999")
	carol = netip.MustParseAddrPort("192.0.2.4:9999")
	dave  = netip.MustParseAddrPort("192.0.2.5:9999")
)

const (
	heartbeat        = 500 * time.Millisecond
	minPing          = 400 * time.Millisecond
	reconnectTimeout = time.Hour
)

// world is a node with an engine that takes notes, and with a wire at whose other
// end is the test. It runs in virtual time.
type world struct {
	*Node
	t     *testing.T
	table *member.Table
	log   lines

	handling sync.Mutex // Handle is called by one at a time

	mu         sync.Mutex // guards the rest
	engine     map[netip.AddrPort]bool
	heard      notes
	states     map[netip.AddrPort]smudgenode.State
	addErr     error
	slow       time.Duration        // that Add takes
	atRemove   func(netip.AddrPort) // called by Remove before it removes
	broadcasts []string

	hosts      map[netip.AddrPort]*host  // who answers
	open       map[netip.AddrPort]uint64 // the sessions
	trips      map[netip.AddrPort]time.Duration
	nonce      uint64
	times      int    // how many times longer the wire waits
	session    uint64 // the node's own
	encryption wire.Encryption
	acking     time.Duration           // how long an acknowledgement takes
	deaf       map[netip.AddrPort]bool // who acknowledges nothing
	sent       []packet
}

// lines is what was logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.b.Bytes(), []byte(what))
}

// inWorld runs f with a node that runs, in virtual time.
func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, session: 1, engine: map[netip.AddrPort]bool{}, states: map[netip.AddrPort]smudgenode.State{},
			hosts: map[netip.AddrPort]*host{}, open: map[netip.AddrPort]uint64{}, trips: map[netip.AddrPort]time.Duration{},
			deaf: map[netip.AddrPort]bool{}, encryption: wire.EncryptOff,
		}
		w.table = member.NewTable(self, member.Info{Session: w.session}, 0, time.Now)
		w.Node = New(Config{
			Self: member.Identity{Addr: self, Info: member.Info{Session: w.session, MaxPayload: 256}}, Heartbeat: heartbeat, MinPing: minPing, ReconnectTimeout: reconnectTimeout, Plain: true,
			Engine: engine{w}, Wire: fakeWire{w}, Table: w.table,
			Logger: log.NewLogfmtLogger(&w.log),
			OnBroadcast: func(from netip.AddrPort, b datagram.Broadcast) {
				w.broadcasts = append(w.broadcasts, from.String()+" "+b.Origin.String()+" "+string(b.Payload))
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { w.Run(ctx) })
		synctest.Wait()
		f(w)
		cancel()
		wg.Wait()
		time.Sleep(time.Second) // for answers that are on their way
		w.agree()
	})
}

// agree fails when the members, the engine and the table do not, or somebody waits.
func (w *world) agree() {
	w.t.Helper()
	synctest.Wait()
	w.Node.mu.Lock()
	defer w.Node.mu.Unlock()
	all, _ := w.table.List()
	for _, m := range all {
		if m.Status.Live() && m.Addr != self && !w.engine[m.Addr] {
			w.t.Errorf("%s is %v, and nobody judges it", m.Addr, m.Status)
		}
	}
	for a := range w.engine {
		if _, ok := w.table.Get(a); !ok {
			w.t.Errorf("the engine knows %s, which is no member", a)
		}
	}
	counts := map[string]uint64{}
	if w.core.Counters(counts); counts["members"] != uint64(len(all)) {
		w.t.Errorf("%d in the table, %d members", len(all), counts["members"])
	}
	for a := range w.waiting.joins {
		w.t.Errorf("somebody waits for %s", a)
	}
	if w.busy || len(w.queue) > 0 {
		w.t.Errorf("%d outputs were not carried out", len(w.queue))
	}
}

// The test as the network.

// event brings an event of the transport.
func (w *world) event(e wire.Event) {
	w.handling.Lock()
	defer w.handling.Unlock()
	w.Handle(e)
	w.Handled()
}

// stray brings a bare datagram, from whatever source port.
func (w *world) stray(from netip.AddrPort, b []byte) {
	w.event(wire.Event{Kind: wire.Stray, Addr: netip.AddrPortFrom(from.Addr(), 1024), Data: b})
}

// bare brings a bare datagram with nothing in it.
func (w *world) bare(from netip.AddrPort, v datagram.Verb, heartbeat uint32) {
	w.stray(from, datagram.AppendBare(nil, v, from.Port(), heartbeat))
}

// lives makes a node with a session answer at an address from now on.
func (w *world) lives(a netip.AddrPort, session uint64) *host {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := &host{session: session, name: "n" + a.String()}
	w.hosts[a] = h
	return h
}

// plain makes a node that speaks bare Smudge answer at an address from now on.
func (w *world) plain(a netip.AddrPort) *host { return w.lives(a, 0) }

// dies makes nobody answer at an address from now on.
func (w *world) dies(a netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.hosts, a)
}

// member makes a node with a session a member, as the network would.
func (w *world) member(all ...netip.AddrPort) {
	w.t.Helper()
	for i, a := range all {
		w.mu.Lock()
		h := w.hosts[a]
		w.mu.Unlock()
		if h == nil {
			w.lives(a, 100+uint64(i)+uint64(a.Addr().As4()[3]))
		}
		if r := w.Join(context.Background(), []string{a.String()}); r[0].Err != nil {
			w.t.Fatal(r[0].Err)
		}
	}
	w.forget()
}

// plainMember makes a plain node a member.
func (w *world) plainMember(a netip.AddrPort) {
	w.t.Helper()
	w.plain(a)
	w.member(a)
}

// forget forgets what was noted.
func (w *world) forget() {
	w.take()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = notes{}
}

// take returns what was sent since it was last called.
func (w *world) take() []packet {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
}

// lasts takes what the node hears and says within d, and returns what it sent.
func (w *world) lasts(d time.Duration) []packet {
	time.Sleep(d)
	return w.take()
}

func (w *world) counted() map[string]uint64 {
	m := map[string]uint64{}
	w.Counters(m)
	return m
}

func (w *world) status(a netip.AddrPort) member.Status {
	m, _ := w.table.Get(a)
	return m.Status
}

// want fails when a member's status is another.
func (w *world) want(a netip.AddrPort, s member.Status) {
	w.t.Helper()
	synctest.Wait()
	if got := w.status(a); got != s {
		w.t.Errorf("%s is %v, want %v", a, got, s)
	}
}

// of returns what was sent to an address in some way.
func of(sent []packet, what string, to netip.AddrPort) (found []packet) {
	for _, p := range sent {
		if p.what == what && p.to == to {
			found = append(found, p)
		}
	}
	return found
}

// verbs returns what datagrams were sent to an address in some way.
func verbs(sent []packet, what string, to netip.AddrPort) (v []datagram.Verb) {
	for _, p := range of(sent, what, to) {
		d, _ := datagram.Parse(p.b, datagram.IPv4)
		v = append(v, d.Verb())
	}
	return v
}

// dead makes a member dead, by this node's judgement, that does not answer.
func (w *world) dead(a netip.AddrPort) {
	w.dies(a)
	w.OnStatus(a, datagram.Dead, self)
	time.Sleep(detect.QuestionTime) // for which it is asked
	w.want(a, member.Dead)
}

// joining begins a Join, and returns what becomes of it.
func (w *world) joining(a netip.AddrPort) <-chan JoinResult {
	done := make(chan JoinResult, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		done <- w.Join(ctx, []string{a.String()})[0]
	}()
	w.take()
	return done
}

// nth is an address of its own for each i.
func nth(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1)
}

func up(a netip.AddrPort, session uint64) wire.Event {
	return wire.Event{Kind: wire.Up, Addr: a, Session: session, Profile: membership.Profile{Name: "n"}.Encode()}
}

func left(a netip.AddrPort, session uint64) wire.Event {
	return wire.Event{Kind: wire.Received, Addr: a, Session: session, Channel: membership.LeaveChannel}
}
