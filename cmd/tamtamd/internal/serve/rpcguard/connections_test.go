// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
)

func tokenFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("full-0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPool: which connection makes room for which.
func TestPool(t *testing.T) {
	start := time.Now()
	p := newPool(bounds{connections: 4, connectionsEach: 3, calls: 10, callsEach: 10})
	age := 0
	enter := func(name string, known, busy bool) *conn {
		t.Helper()
		age++
		c := &conn{pool: &p, name: name, since: start, used: start.Add(time.Duration(age) * time.Second)}
		if _, tooMany := p.enter(c); tooMany != "" {
			t.Fatalf("%s: too many %s", name, tooMany)
		}
		if known {
			if tooMany, _ := p.begin(c, false, start); tooMany != "" {
				t.Fatal(tooMany)
			}
			if !busy {
				p.end(c, c.used)
			}
		}
		return c
	}
	evicts := func(what, name string, want *conn, tooMany string) {
		t.Helper()
		c := &conn{pool: &p, name: name, since: start, used: start.Add(time.Hour)}
		have, refused := p.enter(c)
		if have != want || refused != tooMany {
			t.Errorf("%s: evicts %v, too many %q; want %v, %q", what, have, refused, want, tooMany)
		}
		if refused == "" {
			p.leave(c)
		}
	}
	idle := enter("a", true, false)
	busy := enter("a", true, true)
	stranger := enter("a", false, false)
	evicts("of one client, a stranger", "a", stranger, "")
	evicts("with room", "a", nil, "")
	other := enter("b", false, false)
	younger := enter("c", false, false)
	evicts("of all, the oldest stranger", "d", other, "")
	p.leave(younger)
	again := enter("a", true, true)
	evicts("of one client, an idle one", "a", idle, "")
	last := enter("a", true, true)
	evicts("all of one client have calls", "a", nil, "connections of this client")
	b := enter("b", true, true)
	evicts("all have calls", "c", nil, "connections")
	if tooMany, _ := p.begin(idle, false, start); tooMany == "" {
		t.Error("a connection that was closed begins a call")
	}
	for _, c := range []*conn{busy, again, last, b} {
		p.end(c, start)
		p.leave(c)
		p.leave(c) // counts once
	}
	if connections, calls := p.counts(); connections+calls+len(p.by) != 0 {
		t.Errorf("%d connections, %d calls, %d clients stay", connections, calls, len(p.by))
	}
}

// TestProbesOfAConnection: a stranger's has few under way; one that has shown a token may probe
// beside its calls.
func TestProbesOfAConnection(t *testing.T) {
	now := time.Unix(100, 0)
	p := newPool(bounds{connections: 1, connectionsEach: 1, calls: 100, callsEach: 100})
	c := &conn{pool: &p, name: "a", since: now}
	p.enter(c)
	for i := range strangerCalls {
		if tooMany, _ := p.begin(c, true, now); tooMany != "" {
			t.Fatalf("probe %d: too many %s", i+1, tooMany)
		}
	}
	if tooMany, _ := p.begin(c, true, now); tooMany != "calls of this connection without a token" {
		t.Errorf("one more: too many %q", tooMany)
	}
	for i, stranger := range []bool{false, false, true, true, true} {
		if tooMany, _ := p.begin(c, stranger, now); tooMany != "" {
			t.Errorf("with a token, call %d: too many %s", i+1, tooMany)
		}
	}
}

// TestFewConnections: each network has its part of the connections that may be open.
func TestFewConnections(t *testing.T) {
	if all := tcpBounds.connections + unixBounds.connections; all != MaxConnections {
		t.Errorf("all have %d connections, not %d", all, MaxConnections)
	}
	for connections, want := range map[int][4]int{
		0: {192, 64, 64, 32}, MaxConnections: {192, 64, 64, 32}, 1000: {192, 64, 64, 32},
		32: {24, 8, 8, 4}, 4: {3, 1, 2, 1},
	} {
		tcp, unix := tcpBounds.within(connections), unixBounds.within(connections)
		if got := [4]int{tcp.connections, tcp.connectionsEach, unix.connections, unix.connectionsEach}; got != want || tcp.calls != tcpBounds.calls {
			t.Errorf("of %d: %v, want %v", connections, got, want)
		}
	}
}

// TestFlood: a client that begins too many calls a second is told, and may again later.
func TestFlood(t *testing.T) {
	start := time.Now()
	p := newPool(bounds{connections: 1, connectionsEach: 1, calls: 1, callsEach: 1})
	c := &conn{pool: &p, name: "a", since: start}
	p.enter(c)
	call := func(now time.Time) bool {
		tooMany, flood := p.begin(c, false, now)
		if tooMany == "" {
			p.end(c, now)
		}
		return flood
	}
	for i := range callBurst {
		if call(start) {
			t.Fatalf("the %dth call floods", i+1)
		}
	}
	if !call(start) {
		t.Error("one more does not flood")
	}
	if call(start.Add(time.Second)) {
		t.Error("a second later it floods")
	}
}

// TestIdleConnectionsKeepNobodyOut: as many as there may be are open, and never say anything.
// The operator gets in all the same, and they are closed in the end.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	g, _ := newGuard(t, Config{TokenFile: tokenFile(t)})
	g.strangerWithin = 2 * time.Second
	at := serveHealth(t, g, "127.0.0.1:0,unix://"+socketPath(t))
	var idle []net.Conn
	for range tcpBounds.connectionsEach + 10 {
		c, err := net.Dial(at[0].Network, at[0].Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle = append(idle, c)
	}
	for _, a := range at {
		if err := check(t, a, nil); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	for _, c := range idle {
		_ = c.SetReadDeadline(time.Now().Add(timeout))
		if _, err := io.Copy(io.Discard, c); err != nil && os.IsTimeout(err) {
			t.Fatal("an idle connection stays open")
		}
	}
	m := map[string]uint64{}
	if g.Counters(m); m["rpc_connections_evicted"] == 0 || m["rpc_connections_unused"] == 0 {
		t.Errorf("counted %v", m)
	}
}

// TestStrangersSendLittle: a connection that sends more than is needed for a call is closed.
func TestStrangersSendLittle(t *testing.T) {
	g, _ := newGuard(t, Config{TokenFile: tokenFile(t)})
	at := serveHealth(t, g, "127.0.0.1:0")
	c, err := net.Dial(at[0].Network, at[0].Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// The preface of HTTP/2, its settings, and pings, which the library would answer.
	_, _ = c.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"))
	go func() { _, _ = io.Copy(io.Discard, c) }()
	update := []byte("\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x01") // WINDOW_UPDATE
	sent := 0
	_ = c.SetWriteDeadline(time.Now().Add(timeout))
	for err = nil; err == nil && sent < 64<<20; sent += len(update) {
		_, err = c.Write(update)
	}
	if err == nil || os.IsTimeout(err) {
		t.Errorf("not closed after %d bytes: %v", sent, err)
	}
	if err := check(t, at[0], nil); err != nil {
		t.Errorf("another connection: %v", err)
	}
}

// TestSilentConnectionsDelayNoStop: grpc waits for handshakes when it stops.
func TestSilentConnectionsDelayNoStop(t *testing.T) {
	g, _ := newGuard(t, Config{})
	all, err := g.Listen(addresses(t, "127.0.0.1:0,unix://"+socketPath(t)), false)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(grpc.Creds(g.Credentials()))
	for _, l := range all {
		go func() { _ = s.Serve(l) }()
		for range 5 {
			c, err := net.Dial(l.Addr().Network(), l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
	}
	for deadline := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		tcp, _ := g.tcp.counts()
		if unix, _ := g.unix.counts(); tcp+unix == 10 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("%d and %d connections", tcp, unix)
		}
	}
	g.End()
	began := time.Now()
	s.Stop()
	if took := time.Since(began); took > 2*time.Second { // grpc's bound on a handshake is far longer
		t.Errorf("the stop took %v", took)
	}
	if tcp, _ := g.tcp.counts(); tcp != 0 {
		t.Errorf("%d connections stay", tcp)
	}
}
