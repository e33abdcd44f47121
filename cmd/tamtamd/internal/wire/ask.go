// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// askFixed is the size of what comes before the body: token 8.
const askFixed = 8

// MaxAsk is the most bytes that a question or an answer takes.
const MaxAsk = MaxDatagram - askFixed

// Ask asks a node something that its transport does not understand itself, an Asked
// event there. The answer is a Replied event with the token that is returned, if one
// comes. It returns 0 when there is no open session with the node, or the body is over
// MaxAsk bytes.
func (c *Core) Ask(now time.Time, to netip.AddrPort, body []byte) (token uint64) {
	token = c.random()
	if !c.sendAsk(now, to, kindAsk, token, body) {
		return 0
	}
	return token
}

// Answer answers what a node has asked.
func (c *Core) Answer(now time.Time, to netip.AddrPort, token uint64, body []byte) bool {
	return c.sendAsk(now, to, kindAnswer, token, body)
}

func (c *Core) sendAsk(now time.Time, to netip.AddrPort, k kind, token uint64, body []byte) bool {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.up || p.closed || len(body) > MaxAsk || len(p.flights) >= maxMessages {
		return false
	}
	c.send(p, k, append(binary.BigEndian.AppendUint64(nil, token), body...))
	return true
}
