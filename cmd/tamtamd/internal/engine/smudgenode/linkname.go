// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net"
	"sync"
	_ "unsafe" // for go:linkname

	"github.com/clockworksoul/smudge"
)

// What this package uses of Smudge that Smudge does not export. The compiler does not
// check that signatures and layouts agree: the version of Smudge is pinned, and each has
// a test that sees an effect of it.

// receiveMessageUDP is the function that Smudge's own listener calls for each datagram.
//
// It does not keep msg, as long as msg carries no broadcast. It may keep the bytes of
// addr.IP, which is harmless: those of a peer never change.
//
//go:linkname receiveMessageUDP github.com/clockworksoul/smudge.receiveMessageUDP
func receiveMessageUDP(addr *net.UDPAddr, msg []byte) error

// currentHeartbeat is Smudge's logical clock. Smudge changes it without a lock.
//
//go:linkname currentHeartbeat github.com/clockworksoul/smudge.currentHeartbeat
var currentHeartbeat uint32

// pingHistory has the round trips that Smudge remembers, in milliseconds. Its probe
// timeout is their mean plus three standard deviations.
//
//go:linkname pingHistory github.com/clockworksoul/smudge.pingdata
var pingHistory pingData

// pingData is laid out as Smudge's (pingData.go:24).
type pingData struct {
	sync.RWMutex
	pings   []uint32
	_       int     // where the next goes
	_, _    float64 // mean and deviation
	updated bool    // they must be calculated again
}

// pendingAcks has the pings, by "address:heartbeat", that wait for an answer. Smudge
// enters a ping before it sends it, and removes it at its answer or its timeout.
//
//go:linkname pendingAcks github.com/clockworksoul/smudge.pendingAcks
var pendingAcks struct {
	sync.RWMutex
	m map[string]*pendingAck
}

// pendingAck is laid out as Smudge's (membership.go:796).
type pendingAck struct {
	startTime    uint32 // milliseconds since 1970 mod 2³², by the wall clock
	_            *smudge.Node
	callback     *smudge.Node // gets an Ack with callbackCode when node answers
	callbackCode uint32
	packType     byte
}

// knownNodes has Smudge's nodes by address.
//
//go:linkname knownNodes github.com/clockworksoul/smudge.knownNodes
var knownNodes nodeMap

// nodeMap is laid out as Smudge's (nodeMap.go:25).
type nodeMap struct {
	sync.RWMutex
	nodes map[string]*smudge.Node
}
