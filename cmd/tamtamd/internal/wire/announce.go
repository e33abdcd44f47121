// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

// Announce returns what is to be sent to nodes that are not known, by other ways than
// the gossip socket: sealed, if there are keys, else as it is.
func (c *Core) Announce(payload []byte) []byte {
	if c.seals == nil {
		return payload
	}
	b := appendHeader(nil, kindAnnounce, 0, c.session, 0, c.nextCounter(&c.loose), nil)
	return c.seals.seal(append(b, payload...))
}

// Announced returns what another node announces; false when it has not our keys. It may
// be a replay.
func (c *Core) Announced(b []byte) (payload []byte, ok bool) {
	if c.seals == nil {
		return b, true
	}
	if b, ok = c.seals.open(b); !ok {
		c.count("dropped_unsealed")
		return nil, false
	}
	f, ok := parse(b)
	return f.payload, ok && f.kind == kindAnnounce
}
