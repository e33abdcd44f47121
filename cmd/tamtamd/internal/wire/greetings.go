// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

const (
	// maxGreetings bounds the greetings that wait for an answer.
	maxGreetings = 8192
	// maxClaims is how many greetings may wait for another one to be made because of what
	// an unknown source says.
	maxClaims = maxGreetings / 4
	// greetingLife is how long a greeting may be answered.
	greetingLife = 5 * time.Second
)

// greeting is a hello that may be answered.
type greeting struct {
	addr  netip.AddrPort
	at    time.Time
	probe bool // only asks whether a node is there
}

// Greet sends a hello to an address. What comes of it is an event: Up or Answered,
// Refused, Moved, Itself, or none.
func (c *Core) Greet(now time.Time, a netip.AddrPort) {
	c.advance(now)
	if c.shut {
		return
	}
	c.dormant = false
	nonce, ok := c.greetings[a]
	if !ok {
		nonce = c.random()
	}
	if c.hello(nonce, greeting{addr: a, at: c.now}) {
		c.greetings[a] = nonce
	}
}

// Probe sends a hello that opens no session, whatever the answer, which is an
// event of this nonce: Answered, Refused or Itself. It returns 0 when too many wait
// for their answers.
func (c *Core) Probe(now time.Time, a netip.AddrPort) (nonce uint64) {
	c.advance(now)
	nonce = c.random()
	if !c.hello(nonce, greeting{addr: a, at: c.now, probe: true}) {
		return 0
	}
	return nonce
}

func (c *Core) hello(nonce uint64, g greeting) bool {
	if _, again := c.nonces[nonce]; !again && len(c.nonces) >= maxGreetings {
		c.count(countGreetingsOverflowed)
		return false
	}
	c.nonces[nonce] = g
	c.expiry = deadline.Earlier(c.expiry, c.now.Add(greetingLife))
	b := binary.BigEndian.AppendUint64(c.outside(frame.Hello, 0), nonce)
	c.output(g.addr, append(b, c.cfg.Info.Cluster...))
	return true
}

// greeted returns the greeting that a nonce names, and forgets it.
func (c *Core) greeted(nonce uint64) (greeting, bool) {
	g, ok := c.nonces[nonce]
	if ok {
		c.forgetGreeting(nonce, g)
	}
	return g, ok
}

func (c *Core) forgetGreeting(nonce uint64, g greeting) {
	delete(c.nonces, nonce)
	if len(c.nonces) == 0 {
		c.expiry = time.Time{}
	}
	if !g.probe {
		delete(c.greetings, g.addr)
	}
}

// expireGreetings forgets those that may not be answered any more.
func (c *Core) expireGreetings() {
	if c.expiry.IsZero() || c.expiry.After(c.now) {
		return
	}
	c.expiry = time.Time{}
	for nonce, g := range c.nonces {
		if end := g.at.Add(greetingLife); end.After(c.now) {
			c.expiry = deadline.Earlier(c.expiry, end)
		} else {
			c.forgetGreeting(nonce, g)
		}
	}
}
