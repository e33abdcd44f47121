// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// loopback is the address that Smudge takes for its own.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// sockets are the virtual addresses. They hold the port of Smudge's own address on all
// interfaces, so that Smudge cannot listen there.
type sockets interface {
	// self returns Smudge's own virtual address.
	self() netip.AddrPort
	// open returns a new virtual address.
	open() (netip.AddrPort, error)
	// close ends a virtual address.
	close(netip.AddrPort)
	// shut closes all sockets.
	shut()
	// drain takes what is there already, and waits for nothing. It may take nothing: all
	// is taken by other goroutines, too.
	drain()
	// overflows returns how many datagrams the kernel dropped because the receive buffer was
	// full; 0 where it does not say.
	overflows() uint64
}

// taker gets each datagram from loopback to a virtual address. The address may have been
// closed. Several goroutines may call it.
type taker func(to netip.AddrPort, b []byte)

// each is sockets for systems on which a socket does not show which address of
// 127.0.0.0/8 a datagram was sent to, or which have only 127.0.0.1: one socket for each
// virtual address, 127.0.0.1 and a free port.
type each struct {
	take taker
	hold *net.UDPConn // never read

	mu    sync.Mutex // guards the rest
	conns map[netip.AddrPort]*net.UDPConn
}

func newEach(take taker) (*each, error) {
	hold, err := net.ListenUDP("udp", &net.UDPAddr{})
	if err != nil {
		return nil, fmt.Errorf("hold smudge's port: %w", err)
	}
	return &each{take: take, hold: hold, conns: make(map[netip.AddrPort]*net.UDPConn)}, nil
}

func (s *each) self() netip.AddrPort {
	return netip.AddrPortFrom(loopback, portOf(s.hold))
}

func (s *each) open() (netip.AddrPort, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		return netip.AddrPort{}, err
	}
	virtual := netip.AddrPortFrom(loopback, portOf(conn))
	s.mu.Lock()
	s.conns[virtual] = conn
	s.mu.Unlock()
	go s.read(virtual, conn)
	return virtual, nil
}

// read takes what comes to a virtual address until it is closed.
func (s *each) read(virtual netip.AddrPort, conn *net.UDPConn) {
	b := make([]byte, datagram.MaxSize+1)
	for {
		size, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return // closed: nothing else ends a read on an unconnected loopback socket
		}
		if from.Addr().Unmap().IsLoopback() {
			s.take(virtual, b[:size])
		}
	}
}

func (s *each) close(virtual netip.AddrPort) {
	s.mu.Lock()
	conn := s.conns[virtual]
	delete(s.conns, virtual)
	s.mu.Unlock()
	if conn != nil {
		_ = conn.Close()
	}
}

func (s *each) drain() {}

func (s *each) overflows() uint64 { return 0 }

func (s *each) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	clear(s.conns)
	_ = s.hold.Close()
}

func portOf(conn *net.UDPConn) uint16 { return conn.LocalAddr().(*net.UDPAddr).AddrPort().Port() }
