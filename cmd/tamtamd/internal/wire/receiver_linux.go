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

// receiver reads the packets of a socket, and when the kernel received each. Packets that came as a
// run, or that the kernel has joined, are read at once (UDP_GRO, Linux 5.0).
type receiver struct {
	conn *net.UDPConn
	oob  []byte // room for what the kernel says of a packet
	runs bool

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

// sizeSize is the size of the size of the packets of a run, an int of C.
const sizeSize = 4

func newReceiver(conn *net.UDPConn) *receiver {
	r := &receiver{conn: conn}
	raw, err := conn.SyscallConn()
	if err != nil {
		return r
	}
	_ = raw.Control(func(fd uintptr) { // without a time, or without runs, all else works
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
		r.runs = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) == nil
	})
	r.oob = make([]byte, unix.CmsgSpace(timespec64)+unix.CmsgSpace(sizeSize))
	r.raw = raw
	r.poll = func(fd uintptr) {
		r.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		n, err := unix.Poll(r.fds[:], 0)
		r.is = n > 0 && err == nil
	}
	return r
}

// size returns how many bytes may be read at once.
func (r *receiver) size() int {
	if r.runs {
		return readRunSize
	}
	return readSize
}

// waiting reports whether a packet is there to be read; known is false if that is not known.
func (r *receiver) waiting() (is, known bool) {
	if r.raw == nil || r.raw.Control(r.poll) != nil {
		return false, false
	}
	return r.is, true
}

// read reads a packet, or a run: packets of one size, of which the last may be shorter. size is 0 for
// one packet. received is by the wall clock; zero if it is not known.
func (r *receiver) read(b []byte) (n, size int, from netip.AddrPort, received time.Time, err error) {
	n, oobn, _, from, err := r.conn.ReadMsgUDPAddrPort(b, r.oob)
	if err != nil {
		return 0, 0, from, time.Time{}, err
	}
	received, size = control(r.oob[:oobn])
	return n, size, from, received, nil
}

// control returns what the control messages of a packet say: when it was received, and of a run the
// size of its packets; zero where they do not.
func control(oob []byte) (received time.Time, size int) {
	for len(oob) >= unix.CmsgLen(0) {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break
		}
		switch {
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPNS:
			received = timestamp(data)
		case h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_GRO && len(data) == sizeSize:
			size = int(binary.NativeEndian.Uint32(data))
		}
		oob = rest
	}
	return received, size
}

// timestamp returns the time in the content of a control message of SO_TIMESTAMPNS; zero if there is
// none.
func timestamp(data []byte) time.Time {
	order := binary.NativeEndian
	switch len(data) {
	case timespec32:
		return time.Unix(int64(int32(order.Uint32(data))), int64(order.Uint32(data[4:])))
	case timespec64:
		return time.Unix(int64(order.Uint64(data)), int64(order.Uint64(data[8:])))
	}
	return time.Time{}
}
