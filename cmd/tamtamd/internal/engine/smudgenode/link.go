// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net"
	_ "unsafe" // for go:linkname
)

// receiveMessageUDP is what Smudge's own listener calls for each datagram. The
// compiler does not check that the signatures agree: TestLink does, by feeding a
// datagram through it, and the version of Smudge is pinned.
//
// It retains neither addr.IP's backing array in a way that matters (the IP is
// always 127.0.0.1) nor msg, as long as msg carries no broadcast.
//
//go:linkname receiveMessageUDP github.com/clockworksoul/smudge.receiveMessageUDP
func receiveMessageUDP(addr *net.UDPAddr, msg []byte) error
