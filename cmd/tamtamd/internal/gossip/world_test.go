// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/smudgenode"
)

var (
	self  = netip.MustParseAddrPort("192.0.2.1:9999")
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	bob   = netip.MustParseAddrPort("192.0.2.3:9999")
)

// world is a node, with an engine that takes notes and a network that is the test.
// It runs in virtual time.
type world struct {
	*Node
	t     *testing.T
	table *member.Table

	mu         sync.Mutex
	sent       []packet
	added      []netip.AddrPort
	removed    []netip.AddrPort
	delivered  []delivery
	broadcasts []string
	addErr     error
	reachable  map[netip.AddrPort]bool // answers greetings
}

type packet struct {
	to netip.AddrPort
	b  []byte
}

type delivery struct {
	from    netip.AddrPort
	verb    datagram.Verb
	entries []datagram.Entry
}

// inWorld runs f with a node that runs, in virtual time.
func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, reachable: map[netip.AddrPort]bool{}}
		w.table = member.NewTable(self, 0, time.Now)
		w.Node = New(Config{
			Local: self, Heartbeat: 500 * time.Millisecond, Engine: w, Table: w.table,
			Send: w.send, MaxPayload: 256, Logger: log.NewNopLogger(),
			OnBroadcast: func(from netip.AddrPort, b datagram.Broadcast) {
				w.broadcasts = append(w.broadcasts, from.String()+" "+b.Origin.String()+" "+string(b.Payload))
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { w.Run(ctx) })
		f(w)
		cancel()
		wg.Wait()
	})
}

// world is the Engine.

func (w *world) Add(a netip.AddrPort) error {
	if w.addErr != nil {
		return w.addErr
	}
	w.added = append(w.added, a)
	return nil
}
func (w *world) Remove(a netip.AddrPort)    { w.removed = append(w.removed, a) }
func (w *world) SetHeartbeat(time.Duration) {}
func (w *world) States() map[netip.AddrPort]smudgenode.State {
	return map[netip.AddrPort]smudgenode.State{}
}
func (w *world) Deliver(from netip.AddrPort, d datagram.Datagram, filter datagram.Mapper) bool {
	got := delivery{from: from, verb: d.Verb()}
	for i := range d.Len() {
		if e, ok := filter.MapEntry(d.Entry(i)); ok {
			got.entries = append(got.entries, e)
		} else if d.IsTarget(i) {
			return false
		}
	}
	w.delivered = append(w.delivered, got)
	return true
}

// world is the network.

func (w *world) send(to netip.AddrPort, b []byte) {
	w.mu.Lock()
	w.sent = append(w.sent, packet{to, append([]byte{}, b...)})
	answers := w.reachable[to]
	w.mu.Unlock()
	d, fault := datagram.Parse(b, datagram.IPv4)
	if fault != "" {
		panic("sent what is no datagram: " + string(fault))
	}
	if answers && (d.Verb() == datagram.Ping || d.Verb() == datagram.NFPing) {
		heartbeat := d.Heartbeat()
		go w.receive(to, datagram.AppendBare(nil, datagram.Ack, to.Port(), heartbeat))
	}
}

var receiving sync.Mutex // Receive is called by one at a time

// receive brings a datagram from an address, from whatever source port.
func (w *world) receive(from netip.AddrPort, b []byte) {
	receiving.Lock()
	defer receiving.Unlock()
	w.Receive(netip.AddrPortFrom(from.Addr(), 1024), b)
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

// member makes a a member, as the network would.
func (w *world) member(a netip.AddrPort) {
	w.t.Helper()
	w.mu.Lock()
	w.reachable[a] = true
	w.mu.Unlock()
	if r := w.Join(context.Background(), []string{a.String()}); r[0].Err != nil {
		w.t.Fatal(r[0].Err)
	}
	w.take()
	receiving.Lock()
	w.delivered, w.added = nil, nil
	receiving.Unlock()
}

func (w *world) ping(from netip.AddrPort, heartbeat uint32) {
	w.receive(from, datagram.AppendBare(nil, datagram.Ping, from.Port(), heartbeat))
}

// gossip brings a ping with entries.
func (w *world) gossip(from netip.AddrPort, heartbeat uint32, entries ...datagram.Entry) {
	w.receive(from, datagram.Compose(datagram.IPv4, datagram.Ping, from.Port(), heartbeat, entries))
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

// verbs tells what was sent to an address.
func verbs(sent []packet, to netip.AddrPort) (v []datagram.Verb) {
	for _, p := range sent {
		if d, _ := datagram.Parse(p.b, datagram.IPv4); p.to == to {
			v = append(v, d.Verb())
		}
	}
	return v
}

var errNoSocket = errors.New("no socket left")
