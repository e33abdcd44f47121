// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// numberedPackets returns packets of some sizes, each with its number in front.
func numberedPackets(sizes ...int) (all [][]byte) {
	for i, size := range sizes {
		b := make([]byte, size)
		b[0] = byte(i)
		all = append(all, b)
	}
	return all
}

// repeat returns so many sizes, and one more.
func repeat(n, size, last int) []int {
	sizes := make([]int, n+1)
	for i := range sizes {
		sizes[i] = size
	}
	sizes[n] = last
	return sizes
}

// arrive sends packets together, and expects them at a socket, each by itself.
func arrive(t *testing.T, from *Socket, to *Socket, sizes []int) (reads int) {
	t.Helper()
	sent := numberedPackets(sizes...)
	for _, b := range sent {
		from.queue(to.Local(), b)
	}
	from.outbox.flush()
	written(t, from)
	buf := make([]byte, to.in.size())
	_ = to.conn.SetReadDeadline(time.Now().Add(time.Minute))
	for n := 0; n < len(sent); reads++ {
		in, err := to.read(buf)
		if err != nil {
			t.Fatalf("%d of %d packets: %v", n, len(sent), err)
		}
		for more := true; more; more = len(in.b) > 0 {
			b := in.next()
			if in.from != from.Local() || len(b) != sizes[n] || int(b[0]) != n {
				t.Fatalf("packet %d of %d bytes from %v, want %d of %d from %v", b[0], len(b), in.from, n, sizes[n], from.Local())
			}
			n++
		}
	}
	if m := counted(to); m["datagrams_received"] != uint64(len(sent)) || counted(from)["datagrams_sent"] != uint64(len(sent)) {
		t.Errorf("counted %v of %d packets, and %v", m, len(sent), counted(from))
	}
	return reads
}

// TestRunsArrive: packets that are sent together arrive together, if the kernel can do that, or one
// by one, if the sender or the receiver cannot.
func TestRunsArrive(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		for _, sizes := range [][]int{repeat(40, 1200, 7), repeat(3, 1, 1), {100, 1200, 1200, 50, 60, 1200}} {
			a, b := listen(t, addr), listen(t, addr)
			able := !a.sender.runs.off && b.in.runs
			if reads := arrive(t, a, b, sizes); able && reads >= len(sizes) {
				t.Errorf("%s: %d packets are read in %d times", addr, len(sizes), reads)
			}
			a, b = listen(t, addr), listen(t, addr)
			a.sender.runs.off = true
			arrive(t, a, b, sizes)
		}
	}
}

// TestRunsArriveAtOthers: a program that knows nothing of runs reads packets.
func TestRunsArriveAtOthers(t *testing.T) {
	a := listen(t, "127.0.0.1:0")
	b, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	sizes := repeat(20, 1200, 7)
	for _, p := range numberedPackets(sizes...) {
		a.queue(b.LocalAddr().(*net.UDPAddr).AddrPort(), p)
	}
	a.outbox.flush()
	written(t, a)
	buf := make([]byte, readRunSize)
	_ = b.SetReadDeadline(time.Now().Add(time.Minute))
	for i, size := range sizes {
		if n, _, err := b.ReadFromUDPAddrPort(buf); err != nil || n != size || int(buf[0]) != i {
			t.Fatalf("packet %d of %d bytes, %v; want %d of %d", buf[0], n, err, i, size)
		}
	}
}

// TestRunsBetweenHosts: they go over a network device, and one by one over one whose packets are smaller.
func TestRunsBetweenHosts(t *testing.T) {
	for mtu, able := range map[string]bool{"1500": true, "1000": false} {
		inNamespace(t,
			"ip link add tt0 type dummy mtu "+mtu, "ip link set tt0 up", "ip addr add 192.0.2.1/24 dev tt0")
		a := listen(t, "192.0.2.1:0")
		was := a.sender.runs.off
		for _, p := range numberedPackets(repeat(10, 1200, 7)...) {
			a.queue(netip.MustParseAddrPort("192.0.2.2:9"), p)
		}
		a.outbox.flush()
		written(t, a)
		if m := counted(a); m["datagrams_sent"] != 11 || m["send_errors"] != 0 || !was && a.sender.runs.off == able {
			t.Errorf("packets of %s bytes: counted %v; sent one by one: %v", mtu, m, a.sender.runs.off)
		}
	}
}
