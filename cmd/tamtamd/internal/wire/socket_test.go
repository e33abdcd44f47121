// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func listen(t *testing.T, addr string) *Socket {
	t.Helper()
	s, err := Listen(netip.MustParseAddrPort(addr))
	if err != nil {
		t.Skipf("this machine has no %s: %v", addr, err)
	}
	t.Cleanup(s.Close)
	return s
}

// written waits until a socket has written what was sent.
func written(t *testing.T, s *Socket) {
	t.Helper()
	if !s.outbox.wait(time.Minute) {
		t.Fatal("what was sent is not written")
	}
}

func TestSendAndReceive(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		a, b := listen(t, addr), listen(t, addr)
		type packet struct {
			from netip.AddrPort
			text string
		}
		got, ended := make(chan packet, 10), make(chan error, 1)
		go func() {
			ended <- NewEndpoint(b, CoreConfig{Info: Info{Addr: b.Local()}, Timing: LAN}).Run(func(e Event) { got <- packet{e.Addr, string(e.Data)} }, func() {})
		}()
		for _, text := range []string{"hello", "", strings.Repeat("x", 3000)} {
			a.Send(b.Local(), []byte(text))
			select {
			case p := <-got:
				if p.text != text || p.from != a.Local() {
					t.Errorf("%s: got %d bytes from %s, want %d from %s", addr, len(p.text), p.from, len(text), a.Local())
				}
			case <-time.After(time.Minute):
				t.Fatalf("%s: nothing arrives", addr)
			}
		}
		m := counted(b)
		if m["datagrams_received"] != 3 || m["bytes_received"] != 3005 {
			t.Errorf("counted %v", m)
		}
		b.Close()
		b.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Fatal("Run does not end")
		}
		// What cannot be sent is counted, and no more.
		b.Send(a.Local(), nil)
		written(t, b)
		if b.Counters(m); m["send_errors"] != 1 {
			t.Errorf("counted %v", m)
		}
	}
}

func TestTakenAddressIsNamed(t *testing.T) {
	s := listen(t, "127.0.0.1:0")
	_, err := Listen(s.Local())
	if err == nil || strings.Count(err.Error(), s.Local().String()) != 1 {
		t.Errorf("error %v", err)
	}
}
