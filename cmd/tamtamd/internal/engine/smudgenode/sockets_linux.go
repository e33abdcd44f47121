// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"golang.org/x/net/bpf"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/overflow"
)

func newSockets(take taker) (sockets, error) { return newShared(take) }

// shared is one socket for all virtual addresses, each a random address of 127.0.0.0/8
// and Smudge's own port. It is the socket that holds this port on all interfaces: the
// system reports to which address each datagram was sent.
type shared struct {
	take  taker
	conn  *ipv4.PacketConn
	port  uint16
	queue *overflow.Queue

	mu   sync.Mutex // guards used
	used map[netip.Addr]bool

	draining sync.Mutex // guards the rest
	raw      syscall.RawConn
	b, oob   []byte
}

func newShared(take taker) (*shared, error) {
	hold, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		return nil, fmt.Errorf("hold smudge's port: %w", err)
	}
	s := &shared{
		take: take, conn: ipv4.NewPacketConn(hold), port: portOf(hold), used: make(map[netip.Addr]bool),
		b: make([]byte, datagram.MaxSize+1), oob: ipv4.NewControlMessage(ipv4.FlagDst),
	}
	if s.raw, err = hold.SyscallConn(); err != nil {
		_ = hold.Close()
		return nil, fmt.Errorf("hold smudge's port: %w", err)
	}
	if s.queue, err = overflow.Of(hold); err != nil {
		_ = hold.Close()
		return nil, fmt.Errorf("hold smudge's port: %w", err)
	}
	if err := s.conn.SetControlMessage(ipv4.FlagDst, true); err != nil {
		_ = hold.Close()
		return nil, fmt.Errorf("ask for the destination of datagrams: %w", err)
	}
	// Without it the network could fill the queue. Some sandboxes have no filters, and
	// read checks the same.
	if filter, err := bpf.Assemble(onlyLoopback); err == nil {
		_ = s.conn.SetBPF(filter)
	}
	go s.read()
	return s, nil
}

// onlyLoopback accepts packets from 127.0.0.0/8 to 127.0.0.0/8.
var onlyLoopback = []bpf.Instruction{
	bpf.LoadAbsolute{Off: ipHeader + 12, Size: 4}, // source
	bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xff000000},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 127 << 24, SkipTrue: 4},
	bpf.LoadAbsolute{Off: ipHeader + 16, Size: 4}, // destination
	bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xff000000},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: 127 << 24, SkipTrue: 1},
	bpf.RetConstant{Val: 1 << 16},
	bpf.RetConstant{Val: 0},
}

// ipHeader is the offset of the IP header in the filter of a UDP socket: SKF_NET_OFF of
// linux/filter.h.
const ipHeader = 0xfff00000

func (s *shared) self() netip.AddrPort { return netip.AddrPortFrom(loopback, s.port) }

// open draws an address. Another user of the machine cannot guess it, and it is most
// likely none that was open before.
func (s *shared) open() (netip.AddrPort, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 1000 {
		b := [4]byte{127}
		_, _ = rand.Read(b[1:]) // never fails
		ip := netip.AddrFrom4(b)
		// The first is the network's and the last its broadcast address.
		if ip == loopback || ip == loopback.Prev() || ip == lastLoopback || s.used[ip] {
			continue
		}
		s.used[ip] = true
		return netip.AddrPortFrom(ip, s.port), nil
	}
	return netip.AddrPort{}, errors.New("no address of 127.0.0.0/8 is free")
}

var lastLoopback = netip.AddrFrom4([4]byte{127, 255, 255, 255})

// read takes what comes until the socket is closed.
func (s *shared) read() {
	b := make([]byte, datagram.MaxSize+1)
	for {
		size, cm, from, err := s.conn.ReadFrom(b)
		if err != nil {
			return // closed: nothing else ends a read on an unconnected socket
		}
		sender, ok := from.(*net.UDPAddr)
		if !ok || !sender.IP.IsLoopback() || cm == nil {
			continue
		}
		if to, ok := netip.AddrFromSlice(cm.Dst.To4()); ok && to.IsLoopback() {
			s.take(netip.AddrPortFrom(to, s.port), b[:size])
		}
	}
}

// maxDrain bounds the datagrams that are taken in one drain.
const maxDrain = 64

// drain implements sockets. What Smudge sends in a call is there when the call returns. To
// take it then, and not when read gets a processor, spares the wire a timer for what the
// datagram brings along: an acknowledgement.
func (s *shared) drain() {
	if !s.draining.TryLock() {
		return // in a call from here, or from another goroutine that does the same
	}
	defer s.draining.Unlock()
	for range maxDrain {
		size, dst, ok := s.receive()
		if !ok {
			return
		}
		if dst.IsLoopback() {
			s.take(netip.AddrPortFrom(dst, s.port), s.b[:size])
		}
	}
}

// receive returns a datagram from loopback, in s.b, and where it was sent to; false if there
// is none. The address is invalid if the datagram is from elsewhere.
func (s *shared) receive() (size int, dst netip.Addr, ok bool) {
	err := s.raw.Control(func(fd uintptr) {
		n, oobn, _, from, err := unix.Recvmsg(int(fd), s.b, s.oob, unix.MSG_DONTWAIT)
		if err != nil {
			return
		}
		size, ok = n, true
		var cm ipv4.ControlMessage
		sender, is4 := from.(*unix.SockaddrInet4)
		if is4 && netip.AddrFrom4(sender.Addr).IsLoopback() && cm.Parse(s.oob[:oobn]) == nil {
			dst, _ = netip.AddrFromSlice(cm.Dst.To4())
		}
	})
	return size, dst, ok && err == nil
}

func (s *shared) overflows() uint64 { return s.queue.Dropped() }

func (s *shared) close(virtual netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.used, virtual.Addr())
}

func (s *shared) shut() { _ = s.conn.Close() }
