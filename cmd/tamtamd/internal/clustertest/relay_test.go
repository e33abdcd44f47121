// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
)

// relay stands at the address that a daemon advertises and passes on what comes
// there, from a socket of its own for each sender, and the answers back. So the
// daemon sees nobody at the address that they advertise, its own packets come from
// elsewhere than where it is reached, and what others send it is recorded.
type relay struct {
	addr netip.AddrPort
	conn *net.UDPConn
	wg   sync.WaitGroup

	mu       sync.Mutex // guards the rest
	to       netip.AddrPort
	senders  map[netip.AddrPort]*net.UDPConn
	captured []packet
	deaf     netip.AddrPort // whose packets are not passed on to the daemon
	answers  [][]byte
}

// packet is one that was passed on, and by which socket.
type packet struct {
	by *net.UDPConn
	b  []byte
}

func listenLoopback(t testing.TB) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func startRelay(t testing.TB) *relay {
	t.Helper()
	conn := listenLoopback(t)
	r := &relay{addr: conn.LocalAddr().(*net.UDPAddr).AddrPort(), conn: conn, senders: map[netip.AddrPort]*net.UDPConn{}}
	r.wg.Go(func() { r.forward(t) })
	t.Cleanup(func() {
		_ = conn.Close()
		r.mu.Lock()
		for _, s := range r.senders {
			_ = s.Close()
		}
		r.mu.Unlock()
		r.wg.Wait()
	})
	return r
}

// forward passes packets on to the daemon, until the relay is closed. What cannot be
// sent is lost, as any packet may be.
func (r *relay) forward(t testing.TB) {
	b := make([]byte, 2048)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		r.mu.Lock()
		by := r.senders[from]
		if by == nil {
			by = listenLoopback(t)
			r.senders[from] = by
			r.wg.Go(func() { r.back(by, from) })
		}
		to := r.to
		r.captured = append(r.captured, packet{by, slices.Clone(b[:n])})
		cut := from == r.deaf
		r.mu.Unlock()
		if cut {
			continue
		}
		_, _ = by.WriteToUDPAddrPort(b[:n], to)
	}
}

// back passes answers back to a sender.
func (r *relay) back(by *net.UDPConn, to netip.AddrPort) {
	b := make([]byte, 2048)
	for {
		n, err := by.Read(b)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.answers = append(r.answers, slices.Clone(b[:n]))
		r.mu.Unlock()
		_, _ = r.conn.WriteToUDPAddrPort(b[:n], to)
	}
}

// cut passes on nothing more from a sender; the zero address cuts off nobody.
func (r *relay) cut(from netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = from
}

// capture returns what has passed so far.
func (r *relay) capture() []packet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.captured)
}

// all returns what has passed so far, both ways.
func (r *relay) all() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Clone(r.answers)
	for _, p := range r.captured {
		all = append(all, p.b)
	}
	return all
}

// startBehind starts a daemon behind a relay. The daemon is bound to another port
// than the one it advertises.
func startBehind(t testing.TB, r *relay, args ...string) *Daemon {
	t.Helper()
	port := freePort(t, "127.0.0.1")
	r.mu.Lock()
	r.to = netip.AddrPortFrom(r.addr.Addr(), port)
	r.mu.Unlock()
	return StartDaemon(t, bin, nil, append(args, "--port", fmt.Sprint(port), "--advertise", r.addr.String())...)
}
