// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix || aix

package wire

import (
	"net"
	"net/netip"
)

// sender sends the packets of a socket, one at a time. It waits for room in the send buffer, if the
// system does not make room by dropping packets.
type sender struct{ conn *net.UDPConn }

// sendWaits is whether sender.send may wait.
const sendWaits = true

func newSender(conn *net.UDPConn) (*sender, error) { return &sender{conn}, nil }

func (s *sender) send(to netip.AddrPort, b []byte) error {
	_, err := s.conn.WriteToUDPAddrPort(b, to)
	return err
}

// sendRun reports that a run is not sent at once.
func (s *sender) sendRun(netip.AddrPort, [][]byte) bool { return false }
