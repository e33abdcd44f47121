// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package overflow

import (
	"net"
	"testing"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/net/ipv4"
)

const sent = 100

// socket returns a socket with a small receive buffer.
func socket(t *testing.T) (*net.UDPConn, *Queue) {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	q, err := Of(conn)
	if err != nil {
		t.Fatal(err)
	}
	if n := q.Dropped(); n != 0 {
		t.Fatalf("%d were dropped of none", n)
	}
	if !q.ok {
		t.Skip("the kernel does not tell how many were dropped")
	}
	return conn, q
}

// send sends datagrams to a socket. On loopback each is in its queue, or dropped, when the call
// returns.
func send(t *testing.T, to *net.UDPConn) {
	t.Helper()
	from, err := net.DialUDP("udp4", nil, to.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = from.Close() }()
	for range sent {
		if _, err := from.Write(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
	}
}

// drain reads what is in the queue.
func drain(t *testing.T, conn *net.UDPConn) (read uint64) {
	t.Helper()
	b := make([]byte, 200)
	for {
		_ = conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := conn.Read(b); err != nil {
			return read
		}
		read++
	}
}

// TestDropped: what was not read was dropped, and a look at it allocates nothing.
func TestDropped(t *testing.T) {
	conn, q := socket(t)
	send(t, conn)
	dropped := q.Dropped()
	if read := drain(t, conn); dropped == 0 || read == 0 || read+dropped != sent {
		t.Errorf("%d of %d were read, and %d dropped", read, sent, dropped)
	}
	if again := q.Dropped(); again != dropped {
		t.Errorf("%d were dropped, and %d later", dropped, again)
	}
	if n := testing.AllocsPerRun(100, func() { q.Dropped() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	_ = conn.Close()
	if n := q.Dropped(); n != dropped {
		t.Errorf("%d were dropped, and %d after the end", dropped, n)
	}
}

// TestOnlyOverflowsCount: what a filter rejects is not taken for an overflow, and neither is what has a
// wrong checksum, which the kernel counts likewise; what came to a full queue is, whether it is looked
// at before it is read or after.
func TestOnlyOverflowsCount(t *testing.T) {
	conn, q := socket(t)
	send(t, conn)
	q.Look()
	send(t, conn)
	drain(t, conn)
	full := q.Dropped()
	if full <= sent || full != uint64(q.before) {
		t.Errorf("%d of %d drops are overflows of a full queue", full, q.before)
	}
	filter, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	if err == nil {
		err = ipv4.NewPacketConn(conn).SetBPF(filter)
	}
	if err != nil {
		t.Skip("no filter:", err)
	}
	send(t, conn)
	if n := q.Dropped(); n != full || uint64(q.before) != full+sent {
		t.Errorf("of %d drops, %d are overflows, want %d", q.before, n, full)
	}
}

func BenchmarkDropped(b *testing.B) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	q, err := Of(conn)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		q.Dropped()
	}
}
