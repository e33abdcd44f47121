// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/overflow"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// readSize is more than any datagram that is let in, so that a longer one is
// seen to be too long instead of arriving cut. A run is longer.
const (
	readSize    = 4096
	readRunSize = 1 << 16
)

// receiveBuffer is asked of the kernel, in bytes: room for a burst of some
// thousand small datagrams while the one reader is busy. sendBuffer is as much: Linux keeps
// what is sent to a neighbour that does not answer ARP for up to 3 s, 208 KiB for each.
const (
	receiveBuffer = 1 << 20
	sendBuffer    = 1 << 20
)

// errFull: the send buffer has no room for a packet.
var errFull = errors.New("the send buffer is full")

// Socket is the gossip socket. Send may be called from any goroutine.
type Socket struct {
	conn     *net.UDPConn
	in       *receiver
	unread   *overflow.Queue // what waits to be read
	unlooked int             // packets that were read since unread was looked at; of the goroutine that reads
	sender   *sender
	outbox   *outbox
	local    netip.AddrPort

	counts *counter.Set
}

// Listen binds the address. Port 0 takes a free one. The error names the
// address.
func Listen(addr netip.AddrPort) (*Socket, error) {
	network := "udp4"
	if addr.Addr().Is6() {
		network = "udp6"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(addr))
	if err != nil {
		return nil, fmt.Errorf("bind gossip address %s: %w", addr, cause(err))
	}
	sender, err := newSender(conn)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("gossip address %s: %w", addr, err)
	}
	unread, err := overflow.Of(conn)
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("gossip address %s: %w", addr, err)
	}
	_ = conn.SetReadBuffer(receiveBuffer) // the kernel may grant less
	_ = conn.SetWriteBuffer(sendBuffer)
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s := &Socket{
		conn:   conn,
		in:     newReceiver(conn),
		unread: unread,
		sender: sender,
		counts: socketCounters.NewSet(),
		local:  netip.AddrPortFrom(local.Addr().Unmap(), local.Port()),
	}
	s.outbox = newOutbox(limits.OutboxPackets, sendWaits, s.write)
	return s, nil
}

// cause takes the address out of an error that is about to name it.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// Local returns the address the socket is bound to.
func (s *Socket) Local() netip.AddrPort { return s.local }

// errDeadline: the deadline passed before a packet came.
var errDeadline = os.ErrDeadlineExceeded

// arrival is what was read at once: a packet, or a run of them.
type arrival struct {
	from     netip.AddrPort
	received time.Time // when the kernel received it, by the wall clock; zero if that is not known
	size     int       // of each packet but the last, which may be shorter
	b        []byte
}

// next takes a packet off.
func (a *arrival) next() (b []byte) {
	n := min(a.size, len(a.b))
	b, a.b = a.b[:n], a.b[n:]
	return b
}

// read waits for packets, until the deadline of the connection. One goroutine may call it.
func (s *Socket) read(buf []byte) (a arrival, err error) {
	n, size, from, received, err := s.in.read(buf)
	if err != nil {
		return arrival{}, err
	}
	packets := 1
	if size > 0 && size < n {
		packets = (n + size - 1) / size
	} else {
		size = n
	}
	if s.unlooked += packets; s.unlooked >= overflow.LookEvery {
		s.unlooked = 0
		s.unread.Look()
	}
	s.counts.Add(countReceived, uint64(packets))
	s.counts.Add(countReceivedBytes, uint64(n))
	return arrival{netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), received, size, buf[:n]}, nil
}

// Send sends one packet, after those before it, and does not wait. The bytes must not change
// afterwards.
func (s *Socket) Send(to netip.AddrPort, b []byte) {
	s.queue(to, b)
	s.outbox.flush()
}

// queue has a packet sent by the next flush of the outbox. What that or the kernel has no room for
// is counted and lost, as any packet may be.
func (s *Socket) queue(to netip.AddrPort, b []byte) {
	if !s.outbox.put(to, b) {
		s.counts.Inc(countSendOverflows)
	}
}

// write passes a run of packets to the kernel. One goroutine at a time may call it.
func (s *Socket) write(to netip.AddrPort, run [][]byte) {
	if len(run) > 1 && s.sender.sendRun(to, run) {
		s.counts.Add(countSent, uint64(len(run)))
		for _, b := range run {
			s.counts.Add(countSentBytes, uint64(len(b)))
		}
		return
	}
	for _, b := range run {
		s.writeOne(to, b)
	}
}

func (s *Socket) writeOne(to netip.AddrPort, b []byte) {
	switch err := s.sender.send(to, b); {
	case errors.Is(err, errFull):
		s.counts.Inc(countSendOverflows)
	case err != nil:
		s.counts.Inc(countSendErrors)
	default:
		s.counts.Inc(countSent)
		s.counts.Add(countSentBytes, uint64(len(b)))
	}
}

// closeWait is for how long Close waits for what was sent before.
const closeWait = 100 * time.Millisecond

// Close ends reading, once what was sent has left, or after closeWait. It may be called more than
// once.
func (s *Socket) Close() {
	s.outbox.wait(closeWait)
	_ = s.conn.Close()
}

// Overflows returns how many packets the kernel dropped because the receive buffer was full; 0
// where it does not say.
func (s *Socket) Overflows() uint64 { return s.unread.Dropped() }

// Counters adds what the socket counted to m.
func (s *Socket) Counters(m map[string]uint64) {
	s.counts.Put(countReadOverflows, s.Overflows())
	s.counts.Counters(m)
}
