// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix && !aix

package wire

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// sender sends the packets of a socket, one at a time. It never waits: package net would, for
// room in the send buffer, which packets to a neighbour that is gone can fill for seconds.
type sender struct {
	conn  syscall.RawConn
	write func(fd uintptr) bool // try, made once, so that a packet allocates nothing

	// The packet under way.
	b   []byte
	to  unix.Sockaddr // one of the next two
	to4 unix.SockaddrInet4
	to6 unix.SockaddrInet6
	err error

	runs runs
}

// sendWaits is whether sender.send may wait.
const sendWaits = false

func newSender(conn *net.UDPConn) (*sender, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &sender{conn: raw}
	s.write = s.try
	s.runs = newRuns(s)
	return s, nil
}

// send sends a packet. Fails with errFull if there is no room for it.
func (s *sender) send(to netip.AddrPort, b []byte) error {
	if err := s.address(to); err != nil {
		return err
	}
	s.b = b
	err := s.conn.Write(s.write)
	s.b = nil
	if err != nil { // closed
		return err
	}
	if errors.Is(s.err, unix.EAGAIN) || errors.Is(s.err, unix.ENOBUFS) {
		return errFull
	}
	return s.err
}

// address sets where the packet under way goes.
func (s *sender) address(to netip.AddrPort) error {
	switch ip := to.Addr(); {
	case ip.Is4():
		s.to4.Addr, s.to4.Port = ip.As4(), int(to.Port())
		s.to = &s.to4
	case ip.Zone() != "":
		return errors.New("an address with a zone names no node")
	default:
		s.to6.Addr, s.to6.Port = ip.As16(), int(to.Port())
		s.to = &s.to6
	}
	return nil
}

// try is true, whatever comes of it: false would make Write wait.
func (s *sender) try(fd uintptr) bool {
	s.err = unix.Sendto(int(fd), s.b, unix.MSG_DONTWAIT, s.to)
	return true
}
