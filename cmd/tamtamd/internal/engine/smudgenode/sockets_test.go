// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// took is a datagram that sockets took.
type took struct {
	to   netip.AddrPort
	text string
}

// kinds returns each kind of sockets that this system has.
func kinds() map[string]func(taker) (sockets, error) {
	k := map[string]func(taker) (sockets, error){
		"one each": func(take taker) (sockets, error) { return newEach(take) },
	}
	if runtime.GOOS == "linux" {
		k["shared"] = newSockets
	}
	return k
}

func TestSockets(t *testing.T) {
	for name, open := range kinds() {
		t.Run(name, func(t *testing.T) {
			taken := make(chan took, 100)
			s, err := open(func(to netip.AddrPort, b []byte) { taken <- took{to, string(b)} })
			if err != nil {
				t.Fatal(err)
			}
			defer s.shut()
			seen := map[netip.AddrPort]bool{s.self(): true}
			var all []netip.AddrPort
			for range 100 {
				v, err := s.open()
				if err != nil {
					t.Fatal(err)
				}
				if seen[v] || !v.Addr().IsLoopback() || !v.Addr().Is4() {
					t.Errorf("%s is no new virtual address", v)
				}
				seen[v] = true
				all = append(all, v)
			}
			for _, v := range all {
				send(t, v, v.String())
				if have, want := <-taken, (took{v, v.String()}); have != want {
					t.Errorf("took %v, want %v", have, want)
				}
			}

			// Smudge cannot listen at its port.
			if conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: int(s.self().Port())}); err == nil {
				_ = conn.Close()
				t.Error("no socket holds Smudge's port")
			}
			// Nor can another user, at a virtual address.
			if conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(all[0])); err == nil {
				_ = conn.Close()
				t.Errorf("another socket got %s", all[0])
			}
		})
	}
}

// TestOnlyLoopback: what is sent to another address of the machine is not taken.
func TestOnlyLoopback(t *testing.T) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var outside netip.Addr
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			outside = p.Addr()
		}
	}
	if !outside.IsValid() {
		t.Skip("this machine has no IPv4 address but loopback")
	}
	taken := make(chan took, 100)
	s, err := newSockets(func(to netip.AddrPort, b []byte) { taken <- took{to, string(b)} })
	if err != nil {
		t.Fatal(err)
	}
	defer s.shut()
	v, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	send(t, netip.AddrPortFrom(outside, s.self().Port()), "from outside")
	send(t, v, "from Smudge")
	select {
	case have := <-taken:
		if have.text != "from Smudge" {
			t.Errorf("took %q, sent to %s", have.text, outside)
		}
	case <-time.After(10 * time.Second):
		t.Error("took nothing")
	}
}

// send sends as Smudge does: from a new socket.
func send(t *testing.T, to netip.AddrPort, text string) {
	t.Helper()
	c, err := net.Dial("udp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// TestDrain: each datagram is taken once, be it in a drain or by the goroutine that reads. A
// drain in what takes a datagram does nothing, and neither does one of closed sockets.
func TestDrain(t *testing.T) {
	for name, open := range kinds() {
		t.Run(name, func(t *testing.T) {
			const count = 1000
			taken := make(chan took, 2*count)
			var s sockets
			ready := make(chan struct{})
			s, err := open(func(to netip.AddrPort, b []byte) {
				<-ready
				s.drain()
				taken <- took{to, string(b)}
			})
			if err != nil {
				t.Fatal(err)
			}
			close(ready)
			v, err := s.open()
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for i := range count {
				text := strconv.Itoa(i)
				send(t, v, text)
				s.drain()
				have := <-taken
				if seen[have.text] || have.to != v {
					t.Errorf("took %v again, or for another address", have)
				}
				seen[have.text] = true
			}
			s.shut()
			s.drain()
			if len(seen) != count || len(taken) != 0 {
				t.Errorf("took %d of %d, and %d more", len(seen), count, len(taken))
			}
		})
	}
}
