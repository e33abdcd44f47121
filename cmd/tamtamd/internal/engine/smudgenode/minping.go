// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"fmt"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// pingHistory is the number of round trips that Smudge remembers (membership.go:55). Its
// probe timeout is their mean plus three standard deviations, where each counts as at
// least MinPing.
const pingHistory = 50

// mirrorWithin bounds one answer of the mirror, which takes microseconds.
const mirrorWithin = time.Second

// SetMinPing changes Smudge's shortest probe timeout. Smudge applies a new minimum only
// to new round trips. While old and new ones are mixed, their deviation makes the timeout
// too long; at the start, when all of them are 50 ms, it is too short. So SetMinPing
// replaces all of them at once: it makes Smudge ping a mirror, which is a peer that
// answers every ping at once.
func (n *Node) SetMinPing(d time.Duration) error {
	n.setting.Lock()
	defer n.setting.Unlock()
	pings := pingHistory
	if n.minPing > 0 && d >= 4*n.minPing {
		pings = pingHistory / 6 // so few values this far out widen the deviation by enough
	}
	n.minPing = d
	smudge.SetMinPingTime(int(d.Milliseconds()))
	mirror, err := newPeer(n.cfg.Local)
	if err != nil {
		return fmt.Errorf("open a virtual address for a mirror: %w", err)
	}
	defer end(mirror)
	if _, err := smudge.AddNode(mirror.node); err != nil {
		return fmt.Errorf("add a mirror: %w", err)
	}
	buf := make([]byte, datagram.MaxSize+1)
	for range pings {
		if err := smudge.PingNode(mirror.node); err != nil {
			return fmt.Errorf("ping a mirror: %w", err)
		}
		if err := n.reflect(mirror, buf); err != nil {
			return fmt.Errorf("read from a mirror: %w", err)
		}
	}
	return nil
}

// reflect answers one ping to the mirror.
func (n *Node) reflect(mirror *peer, buf []byte) error {
	_ = mirror.conn.SetReadDeadline(time.Now().Add(mirrorWithin))
	size, _, err := mirror.conn.ReadFromUDPAddrPort(buf)
	if err != nil {
		return err
	}
	if d, fault := datagram.Parse(buf[:size], datagram.IPv4); fault == "" && d.Verb() == datagram.Ping {
		n.delivering.Lock()
		defer n.delivering.Unlock()
		n.receiveLocked(mirror, datagram.AppendBare(nil, datagram.Ack, mirror.virtual.Port(), d.Heartbeat()))
	}
	return nil
}
