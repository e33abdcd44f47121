// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// TestReceiveTime: the kernel says when it received a packet, however late it is read, and to
// learn that allocates nothing.
func TestReceiveTime(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		a, b := listen(t, addr), listen(t, addr)
		buf := make([]byte, readSize)
		exchange := func(n int) (before, after time.Time, from netip.AddrPort, packet []byte, received time.Time, err error) {
			before = time.Now().Round(0)
			a.Send(b.Local(), make([]byte, n))
			after = time.Now().Round(0)
			time.Sleep(time.Millisecond) // the reader is late
			in, err := b.read(buf)
			return before, after, in.from, in.next(), in.received, err
		}
		for began := time.Now(); ; { // the kernel takes a moment to begin with it
			_, after, _, _, received, err := exchange(1)
			if err == nil && !received.IsZero() && !received.After(after) {
				break
			} else if time.Since(began) > time.Minute {
				t.Fatalf("received at %v after %v, %v", received, after, err)
			}
		}
		for _, n := range []int{0, 1, 1200} {
			before, after, from, packet, received, err := exchange(n)
			if err != nil || len(packet) != n || from != a.Local() || received.Before(before) || received.After(after) {
				t.Errorf("%d bytes from %v, received at %v, %v; want %d from %v, from %v to %v", len(packet), from, received, err, n, a.Local(), before, after)
			}
		}
		packet := make([]byte, 100)
		if n := testing.AllocsPerRun(100, func() {
			a.Send(b.Local(), packet)
			_, _ = b.read(buf)
		}); n != 0 {
			t.Errorf("%s: %v allocations", addr, n)
		}
	}
}

// TestControl: what is no timestamp is none, and a run has the size of its packets.
func TestControl(t *testing.T) {
	message := func(level, kind int32, data []byte) []byte {
		b := make([]byte, unix.CmsgSpace(len(data)))
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		h.Level, h.Type = level, kind
		h.SetLen(unix.CmsgLen(len(data)))
		copy(b[unix.CmsgLen(0):], data)
		return b
	}
	order := binary.NativeEndian
	time32 := order.AppendUint32(order.AppendUint32(nil, 1), 2)
	time64 := order.AppendUint64(order.AppendUint64(nil, 1), 2)
	for _, c := range []struct {
		oob  []byte
		want time.Time
		size int
	}{
		{message(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, time64), time.Unix(1, 2), 0},
		{message(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, time32), time.Unix(1, 2), 0},
		{message(unix.SOL_SOCKET, unix.SO_RXQ_OVFL, time64), time.Time{}, 0},
		{message(unix.SOL_IP, unix.SO_TIMESTAMPNS, time64), time.Time{}, 0},
		{message(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, time32[:4]), time.Time{}, 0},
		{message(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, time64)[:20], time.Time{}, 0},
		{message(unix.IPPROTO_UDP, unix.UDP_GRO, order.AppendUint32(nil, 1100)), time.Time{}, 1100},
		{message(unix.IPPROTO_UDP, unix.UDP_GRO, time64), time.Time{}, 0},
		{append(message(unix.IPPROTO_UDP, unix.UDP_GRO, order.AppendUint32(nil, 9)), message(unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, time64)...), time.Unix(1, 2), 9},
		{nil, time.Time{}, 0},
	} {
		if got, size := control(c.oob); !got.Equal(c.want) || size != c.size {
			t.Errorf("%x: %v and %d bytes, want %v and %d", c.oob, got, size, c.want, c.size)
		}
	}
}

// TestSwampedEndpoint: a node that does not read its socket for longer than others wait answers
// the last hello of one that greets it all the time, and not the first.
func TestSwampedEndpoint(t *testing.T) {
	a, socket := run(t), listen(t, "127.0.0.1:0")
	for began := time.Now(); time.Since(began) < greetingLife+300*time.Millisecond; {
		a.Greet(socket.Local())
		time.Sleep(50 * time.Millisecond) // how often they greet, not what the test waits for
	}
	b := runAt(t, socket)
	up := b.wait(Up)
	if m := counted(b); up.Addr != a.addr.Local() || m["dropped_stale"] == 0 {
		t.Errorf("a session with %v, and %d hellos shed", up.Addr, m["dropped_stale"])
	}
	a.wait(Up)
}

// TestReceiveOverflows: the node counts what the kernel dropped.
func TestReceiveOverflows(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	if err := b.conn.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		a.Send(b.Local(), make([]byte, 100))
	}
	m := counted(b)
	if n := m["receive_overflows"]; n == 0 || n >= 100 || n != b.Overflows() {
		t.Errorf("%d of 100 were dropped, %d", n, b.Overflows())
	}
}

// TestOnlyOverflowsMakePatient: what the kernel drops for another reason, as it does with a wrong
// checksum, is no overflow. Else a sender of such packets would have this node wait longer for
// others. An overflow is seen however much was read since.
func TestOnlyOverflowsMakePatient(t *testing.T) {
	a, b := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	if err := b.conn.SetReadBuffer(receiveBuffer); err != nil {
		t.Fatal(err)
	}
	send := func() (sent uint64) {
		for range 100 {
			a.Send(b.Local(), make([]byte, 1200))
		}
		written(t, a)
		return a.counts.Get(countSent)
	}
	sent := uint64(0)
	for range 50 {
		sent = send()
	}
	buf := make([]byte, b.in.size())
	for {
		_ = b.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := b.read(buf); err != nil {
			break
		}
	}
	read, overflows := b.counts.Get(countReceived), b.Overflows()
	if overflows == 0 || read+overflows != sent {
		t.Errorf("%d of %d are read, and %d dropped", read, sent, overflows)
	}
	filter, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	if err == nil {
		err = ipv4.NewPacketConn(b.conn).SetBPF(filter)
	}
	if err != nil {
		t.Skip("no filter:", err)
	}
	send()
	if n := b.Overflows(); n != overflows {
		t.Errorf("%d more that a filter rejected", n-overflows)
	}
}

func BenchmarkReceive(b *testing.B) {
	var ends [2]*Socket
	for i := range ends {
		var err error
		if ends[i], err = Listen(netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
			b.Skip(err)
		}
		defer ends[i].Close()
	}
	packet, buf := make([]byte, 70), make([]byte, readSize)
	b.ReportAllocs()
	for b.Loop() {
		ends[0].Send(ends[1].Local(), packet)
		if _, err := ends[1].read(buf); err != nil {
			b.Fatal(err)
		}
	}
}
