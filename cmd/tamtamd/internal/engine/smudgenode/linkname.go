// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net"
	_ "unsafe" // for go:linkname
)

// receiveMessageUDP is the function that Smudge's own listener calls for each datagram.
// The compiler does not check that the signatures agree. TestLinkname does, by passing a
// datagram through it, and the version of Smudge is pinned.
//
// It does not keep msg, as long as msg carries no broadcast. It may keep the bytes of
// addr.IP, which is harmless: the IP is always 127.0.0.1.
//
//go:linkname receiveMessageUDP github.com/clockworksoul/smudge.receiveMessageUDP
func receiveMessageUDP(addr *net.UDPAddr, msg []byte) error
