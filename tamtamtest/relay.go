// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtamtest

import (
	"net"
	"net/netip"
	"sync"
	"testing"
)

// relay stands at the address that a daemon advertises. It passes packets on to the daemon, from a socket of
// its own for each sender, and what the daemon answers there back to the sender. Senders are the daemons of
// the cluster: as many as there are nodes.
type relay struct {
	address netip.AddrPort
	conn    *net.UDPConn
	wg      sync.WaitGroup

	mu      sync.Mutex     // guards the rest
	to      netip.AddrPort // of the daemon; without a port before it has one
	senders map[netip.AddrPort]*net.UDPConn
	deaf    map[netip.AddrPort]bool // from and to whom nothing is passed on
}

// listen opens a socket at a free port.
func listen(t testing.TB) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func addressOf(conn *net.UDPConn) netip.AddrPort {
	at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// freePort returns an address that is free now.
func freePort(t testing.TB) netip.AddrPort {
	t.Helper()
	conn := listen(t)
	defer conn.Close()
	return addressOf(conn)
}

func startRelay(t testing.TB) *relay {
	t.Helper()
	conn := listen(t)
	r := &relay{address: addressOf(conn), conn: conn, senders: map[netip.AddrPort]*net.UDPConn{}, deaf: map[netip.AddrPort]bool{}}
	r.wg.Go(r.forward)
	t.Cleanup(func() {
		_ = conn.Close()
		r.mu.Lock()
		for _, s := range r.senders {
			_ = s.Close()
		}
		r.senders = nil
		r.mu.Unlock()
		r.wg.Wait()
	})
	return r
}

// forward passes packets on to the daemon, until the relay is closed. What cannot be sent is lost, as any
// packet may be.
func (r *relay) forward() {
	b := make([]byte, 1<<16)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if by, to := r.way(from); by != nil {
			_, _ = by.WriteToUDPAddrPort(b[:n], to)
		}
	}
}

// way returns the socket for a sender, and where the daemon is; nil if nothing passes.
func (r *relay) way(from netip.AddrPort) (*net.UDPConn, netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deaf[from] || r.senders == nil || r.to.Port() == 0 {
		return nil, r.to
	}
	by := r.senders[from]
	if by == nil {
		var err error
		if by, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			return nil, r.to
		}
		r.senders[from] = by
		r.wg.Go(func() { r.back(by, from) })
	}
	return by, r.to
}

// back passes answers back to a sender.
func (r *relay) back(by *net.UDPConn, to netip.AddrPort) {
	b := make([]byte, 1<<16)
	for {
		n, err := by.Read(b)
		if err != nil {
			return
		}
		if !r.isCut(to) {
			_, _ = r.conn.WriteToUDPAddrPort(b[:n], to)
		}
	}
}

func (r *relay) isCut(from netip.AddrPort) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deaf[from]
}

// cut stops passing on packets of a sender and to it, or begins again.
func (r *relay) cut(from netip.AddrPort, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cut {
		r.deaf[from] = true
	} else {
		delete(r.deaf, from)
	}
}

// target returns where the daemon is bound.
func (r *relay) target() netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.to
}

func (r *relay) setTarget(to netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = to
}
