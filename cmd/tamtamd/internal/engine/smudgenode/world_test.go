// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"context"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// world stands in for the network: it answers the pings of those peers that are
// up. Smudge is global, so all tests share one node.
type world struct {
	node *Node

	mu       sync.Mutex
	up       map[netip.AddrPort]bool
	sent     []string // addresses in datagrams that are not of the real world
	pinged   map[netip.AddrPort]int
	beats    map[netip.AddrPort][]uint32 // of the pings
	statuses map[netip.AddrPort][]datagram.Status
	by       map[netip.AddrPort]netip.AddrPort
	answers  chan answer
	late     atomic.Int64                                 // the latest that something was
	watch    func(to netip.AddrPort, d datagram.Datagram) // called with mu held, if not nil
	hold     atomic.Pointer[func(to netip.AddrPort)]      // called by Send first
}

type answer struct {
	from netip.AddrPort
	b    []byte
}

var (
	local = netip.MustParseAddrPort("[2001:db8::1]:9999")
	dull  = netip.MustParseAddrPort("[2001:db8::d]:1") // nothing about it is news
	the   *world
)

// all lets every entry through.
type all struct{}

func (all) MapEntry(e datagram.Entry) (datagram.Entry, bool) { return e, true }

func TestMain(m *testing.M) {
	_ = os.Setenv("SMUDGE_INITIAL_HOSTS", "localhost:1") // crashes Smudge if it is heeded
	the = &world{
		up:       map[netip.AddrPort]bool{},
		pinged:   map[netip.AddrPort]int{},
		beats:    map[netip.AddrPort][]uint32{},
		statuses: map[netip.AddrPort][]datagram.Status{},
		by:       map[netip.AddrPort]netip.AddrPort{},
		answers:  make(chan answer, 1000),
	}
	ctx, cancel := context.WithCancel(context.Background())
	n, err := New(Config{
		Local: local, MinPing: 300 * time.Millisecond,
		Logf: func(string, string) {},
		Late: func(by time.Duration) { the.late.Store(max(the.late.Load(), int64(by))) },
	})
	if err == nil {
		err = n.Start(ctx, the)
	}
	if err != nil {
		panic(err)
	}
	the.node = n
	go n.Run(ctx)
	go the.pingAll()
	go func() {
		for a := range the.answers {
			d, _ := datagram.Parse(a.b, datagram.IPv6)
			n.Deliver(a.from, d, all{})
		}
	}()
	code := m.Run()
	cancel()
	os.Exit(code)
}

// pingAll pings the peers again and again.
func (w *world) pingAll() {
	for range time.Tick(20 * time.Millisecond) {
		for a := range w.node.States() {
			w.node.Ping(a)
		}
	}
}

func (w *world) locked(f func()) { w.mu.Lock(); defer w.mu.Unlock(); f() }

// forget forgets what it has seen of peers: a test may run more than once.
func (w *world) forget(peers ...netip.AddrPort) {
	w.locked(func() {
		for _, p := range peers {
			delete(w.pinged, p)
			delete(w.beats, p)
			delete(w.statuses, p)
			delete(w.by, p)
		}
	})
}

// OnStatus implements Handler, as the two after it do.
func (w *world) OnStatus(a netip.AddrPort, s datagram.Status, by netip.AddrPort) {
	w.locked(func() { w.statuses[a] = append(w.statuses[a], s); w.by[a] = by })
}

func (w *world) Outgoing(_ netip.AddrPort, e datagram.Entry) bool { return e.Addr != dull }

func (w *world) Send(to netip.AddrPort, d datagram.Datagram) {
	if hold := w.hold.Load(); hold != nil {
		(*hold)(to)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if d.Port() != local.Port() {
		w.sent = append(w.sent, "port")
		return
	}
	for i := range d.Len() {
		e := d.Entry(i)
		if e.Addr == dull {
			w.sent = append(w.sent, "what is no news")
		}
		for _, a := range []netip.AddrPort{e.Addr, e.Source} {
			if a.IsValid() && !strings.HasPrefix(a.String(), "[2001:db8::") {
				w.sent = append(w.sent, a.String())
			}
		}
	}
	w.pinged[to]++
	if w.watch != nil {
		w.watch(to, d)
	}
	if d.Verb() == datagram.Ping {
		w.beats[to] = append(w.beats[to], d.Heartbeat())
	}
	if w.up[to] && (d.Verb() == datagram.Ping || d.Verb() == datagram.NFPing) {
		w.answers <- answer{to, datagram.AppendBare(nil, datagram.Ack, to.Port(), d.Heartbeat())}
	}
}

// eventually polls until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		the.mu.Lock()
		done := ok()
		the.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

func last(s []datagram.Status) datagram.Status {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1]
}
