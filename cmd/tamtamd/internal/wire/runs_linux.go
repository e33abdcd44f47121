// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// runs sends runs of packets: the kernel takes each as one large packet, and takes it apart as late
// as it can (UDP_SEGMENT, Linux 4.18). On the same machine the receiver gets it whole. So what it
// takes to send and to receive grows little with the number of packets.
type runs struct {
	off   bool                  // the kernel, or the network device, cannot
	oob   []byte                // the control message with the size of the packets
	write func(fd uintptr) bool // made once, so that it is not allocated
	run   [][]byte              // under way
}

// sizeAt is where in a control message its content begins, after its length, level and type.
var sizeAt = unix.CmsgLen(0)

func newRuns(s *sender) (r runs) {
	err := s.conn.Control(func(fd uintptr) {
		_, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT)
		r.off = err != nil
	})
	r.off = r.off || err != nil
	r.oob = segmentMessage()
	r.write = func(fd uintptr) bool {
		_, s.err = unix.SendmsgBuffers(int(fd), s.runs.run, s.runs.oob, s.to, unix.MSG_DONTWAIT)
		return true
	}
	return r
}

// segmentMessage returns a control message UDP_SEGMENT without its content.
func segmentMessage() []byte {
	const size = 2
	oob, order := make([]byte, unix.CmsgSpace(size)), binary.NativeEndian
	levelAt := sizeAt - 8
	if levelAt == 8 { // the length has the size of a pointer
		order.PutUint64(oob, uint64(unix.CmsgLen(size)))
	} else {
		order.PutUint32(oob, uint32(unix.CmsgLen(size)))
	}
	order.PutUint32(oob[levelAt:], unix.IPPROTO_UDP)
	order.PutUint32(oob[levelAt+4:], unix.UDP_SEGMENT)
	return oob
}

// sendRun sends a run of packets at once. It returns false if it could not: then they may be sent one
// at a time.
func (s *sender) sendRun(to netip.AddrPort, run [][]byte) bool {
	size := len(run[0])
	if s.runs.off || size == 0 || to.Port() == 0 || s.address(to) != nil {
		return false
	}
	binary.NativeEndian.PutUint16(s.runs.oob[sizeAt:], uint16(size))
	s.runs.run = run
	err := s.conn.Write(s.runs.write)
	s.runs.run = nil
	if err != nil { // closed
		return false
	}
	// EIO: the device computes no checksums. EINVAL and EMSGSIZE are about this address: packets to it are smaller.
	for _, cannot := range []error{unix.EIO, unix.ENOPROTOOPT, unix.EOPNOTSUPP} {
		s.runs.off = s.runs.off || errors.Is(s.err, cannot)
	}
	return s.err == nil
}
