// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"fmt"
	"time"

	"github.com/clockworksoul/smudge"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// pingHistory is how many round trips Smudge remembers (membership.go:55). It
// waits for the mean and three standard deviations of them, each counted as
// MinPing at the least.
const pingHistory = 50

// mirrorWithin bounds one answer of the mirror, which takes microseconds.
const mirrorWithin = time.Second

// SetMinPing changes how long Smudge waits for the answer to a ping. A new minimum
// alone would act by and by, as the remembered round trips are replaced, and for
// half of them, since they differ, make it wait for too long; at the start, when
// all of them are of 50 ms, for too short. So all are replaced at once: Smudge pings a
// peer that is only a mirror.
func (n *Node) SetMinPing(d time.Duration) error {
	n.setting.Lock()
	defer n.setting.Unlock()
	pings := pingHistory
	if n.minPing > 0 && d >= 4*n.minPing {
		pings = pingHistory / 6 // so far out, they widen the deviation by enough
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

// reflect answers one datagram to the mirror.
func (n *Node) reflect(mirror *peer, buf []byte) error {
	_ = mirror.conn.SetReadDeadline(time.Now().Add(mirrorWithin))
	size, _, err := mirror.conn.ReadFromUDPAddrPort(buf)
	if err != nil {
		return err
	}
	if d, fault := datagram.Parse(buf[:size], datagram.IPv4); fault == "" && d.Verb() == datagram.Ping {
		n.delivering.Lock()
		defer n.delivering.Unlock()
		n.receive(mirror, datagram.AppendBare(nil, datagram.Ack, mirror.virtual.Port(), d.Heartbeat()))
	}
	return nil
}
