// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// receiver reads the packets of a socket, and when the kernel received each.
type receiver struct {
	conn *net.UDPConn
	oob  []byte // nil if the kernel does not say

	raw  syscall.RawConn
	poll func(fd uintptr) // made once, so that to look for a packet allocates nothing
	fds  [1]unix.PollFd
	is   bool // what poll found
}

// Sizes of a struct timespec, by the size of its fields.
const (
	timespec32 = 8
	timespec64 = 16
)

func newReceiver(conn *net.UDPConn) *receiver {
	r := &receiver{conn: conn}
	r.poll = func(fd uintptr) {
		r.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		n, err := unix.Poll(r.fds[:], 0)
		r.is = n > 0 && err == nil
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return r
	}
	r.raw = raw
	_ = raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) })
	if err == nil {
		r.oob = make([]byte, unix.CmsgSpace(timespec64))
	}
	return r
}

// waiting reports whether a packet is there to be read; known is false if that is not known.
func (r *receiver) waiting() (is, known bool) {
	if r.raw == nil || r.raw.Control(r.poll) != nil {
		return false, false
	}
	return r.is, true
}

// read reads a packet. received is by the wall clock; zero if it is not known.
func (r *receiver) read(b []byte) (n int, from netip.AddrPort, received time.Time, err error) {
	if r.oob == nil {
		n, from, err = r.conn.ReadFromUDPAddrPort(b)
		return n, from, time.Time{}, err
	}
	n, oob, _, from, err := r.conn.ReadMsgUDPAddrPort(b, r.oob)
	if err == nil {
		received = timestamp(r.oob[:oob])
	}
	return n, from, received, err
}

// timestamp returns the time in a control message of SO_TIMESTAMPNS; zero if there is none.
func timestamp(oob []byte) time.Time {
	if len(oob) < unix.CmsgLen(0) {
		return time.Time{}
	}
	h, data, _, err := unix.ParseOneSocketControlMessage(oob)
	if err != nil || h.Level != unix.SOL_SOCKET || h.Type != unix.SO_TIMESTAMPNS {
		return time.Time{}
	}
	order := binary.NativeEndian
	switch len(data) {
	case timespec32:
		return time.Unix(int64(int32(order.Uint32(data))), int64(order.Uint32(data[4:])))
	case timespec64:
		return time.Unix(int64(order.Uint64(data)), int64(order.Uint64(data[8:])))
	}
	return time.Time{}
}
