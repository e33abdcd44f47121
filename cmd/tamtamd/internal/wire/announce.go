// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"

// Announce returns what to send to nodes that are not known, by other ways than the gossip
// socket: encrypted if this node encrypts, else payload itself.
func (c *Core) Announce(payload []byte) []byte {
	if !c.cfg.Encryption.Sends() {
		return payload
	}
	return c.sealer.Seal(append(c.outside(frame.Announce, 0), payload...))
}

// Announced returns the payload that another node gave Announce; false when that node has
// none of our keys, or did not encrypt it, and this node requires that. It may be a replay.
func (c *Core) Announced(b []byte) (payload []byte, ok bool) {
	if e := c.cfg.Encryption; e == EncryptOff || e.TakesClear() && !frame.Is(b) {
		return b, true
	}
	if b, ok = c.sealer.OpenApart(b); !ok { // an event of another packet may be being handled
		c.count(countDroppedUnsealed)
		return nil, false
	}
	f, ok := frame.Parse(b)
	return f.Payload, ok && f.Kind == frame.Announce
}
