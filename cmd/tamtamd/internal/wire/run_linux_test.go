// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBadChecksum: a datagram with a wrong checksum looks as if it can be read, and cannot. Run goes on.
func TestBadChecksum(t *testing.T) {
	raw, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_UDP)
	if err != nil {
		t.Skip("no raw socket, which needs a privilege:", err)
	}
	defer func() { _ = unix.Close(raw) }()
	socket, err := Listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	e := NewEndpoint(socket, CoreConfig{})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(func(Event) {}, func() {}) }()
	defer func() {
		e.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	datagram := make([]byte, 208) // a short one is checked when it comes
	binary.BigEndian.PutUint16(datagram[0:], 9)
	binary.BigEndian.PutUint16(datagram[2:], socket.Local().Port())
	binary.BigEndian.PutUint16(datagram[4:], uint16(len(datagram)))
	binary.BigEndian.PutUint16(datagram[6:], 0xbad)
	for range 20 {
		before := e.Iterations()
		if err := unix.Sendto(raw, datagram, 0, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatal(err)
		}
		e.Wake()
		for deadline := time.Now().Add(time.Minute); e.Iterations() == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("Run stands still")
			}
		}
	}
}
