// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package wire

import (
	"net"
	"net/netip"
	"time"
)

// receiver reads the packets of a socket. It does not know for how long they waited, so
// nothing is shed.
type receiver struct{ conn *net.UDPConn }

func newReceiver(conn *net.UDPConn) *receiver { return &receiver{conn} }

// waiting reports that it is not known whether a packet is there to be read.
func (r *receiver) waiting() (is, known bool) { return false, false }

func (r *receiver) size() int { return readSize }

func (r *receiver) read(b []byte) (n, size int, from netip.AddrPort, received time.Time, err error) {
	n, from, err = r.conn.ReadFromUDPAddrPort(b)
	return n, 0, from, time.Time{}, err
}
