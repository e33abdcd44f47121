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
	// expireEvery is the least time between two looks at all greetings for those that are over. Thousands
	// are, one after the other, when a partition heals.
	expireEvery = greetingLife / 10
)

// greeting is a hello that may be answered, sent once or several times.
type greeting struct {
	addr  netip.AddrPort
	via   netip.AddrPort // the relay that it goes by, and its answer; invalid: directly
	at    time.Time      // when it was last sent
	sent  [maxTries]time.Time
	tries int
	probe bool // only asks whether a node is there
	back  bool // asks whether the direct way to a node works again
	// claimant is where the packets come from of the node that advertises addr; invalid if
	// it is not greeted for that.
	claimant netip.AddrPort
}

// The last bits of a nonce number the tries of a greeting, so that an answer shows which of
// the last maxTries it is to, and how long it took.
const (
	maxTries = 8
	tryMask  = maxTries - 1
)

// newNonce draws the nonce of the first try of a greeting.
func (c *Core) newNonce() uint64 { return c.random() &^ tryMask }

// crossed is for how long the answer to this node's hello may take to be worth more than one to a hello
// that crossed it.
const crossed = 250 * time.Millisecond

// crosses reports whether a hello of a node without a session is left without an answer, since this
// node has just greeted the other as well: one handshake is enough, that of the lower address. A
// repeated hello is answered, as ours may be lost, or the other may see other addresses.
func (c *Core) crosses(src netip.AddrPort, nonce uint64) bool {
	if nonce&tryMask != 0 || c.cfg.Info.Addr.Compare(src) > 0 {
		return false
	}
	g, ok := c.nonces[c.greetings[greetingKey{src, c.relay}]]
	return ok && c.now.Sub(g.at) < crossed
}

// greetingKey is whom a greeting goes to, and how.
type greetingKey struct{ addr, via netip.AddrPort }

// Greet sends a hello to an address, by the way that frames to it go. What comes of it is an
// event: Up or Answered, Refused, Moved, Itself, or none.
func (c *Core) Greet(now time.Time, a netip.AddrPort) {
	c.advance(now)
	c.greet(greeting{addr: a, via: c.way(a)})
}

// GreetBy is Greet by way of a node with a session; nothing happens if that cannot relay.
func (c *Core) GreetBy(now time.Time, a, via netip.AddrPort) {
	c.advance(now)
	if c.relays(via) && a != via {
		c.greet(greeting{addr: a, via: via})
	}
}

func (c *Core) greet(g greeting) {
	if c.shut {
		return
	}
	key := greetingKey{g.addr, g.via}
	nonce, ok := c.greetings[key]
	if ok && c.nonces[nonce].over(c.now) {
		c.forgetGreeting(nonce, c.nonces[nonce])
		ok = false
	}
	if !ok {
		nonce = c.newNonce()
	}
	last := c.nonces[nonce]
	g.sent, g.tries = last.sent, last.tries
	if c.hello(nonce, g) {
		c.greetings[key] = nonce
	}
}

// reportConflict reports that a peer has answered although another node advertises its
// address, if that is why it was greeted. The claimant is of another session: see newcomer.
// One that has taken the peer's place would have answered itself.
func (c *Core) reportConflict(p *peer, g greeting) {
	if !g.claimant.IsValid() {
		return
	}
	source := p.source
	if !source.IsValid() {
		source = p.addr
	}
	c.emit(Event{Kind: Contested, Addr: p.addr, At: g.claimant, Source: source})
}

// Probe sends a hello as Greet does, but it opens no session, whatever the answer, which is an
// event of this nonce: Answered, Refused or Itself. It returns 0 when too many wait
// for their answers.
func (c *Core) Probe(now time.Time, a netip.AddrPort) (nonce uint64) {
	c.advance(now)
	nonce = c.newNonce()
	// It counts as the second try: a first one is left without an answer if the node greets this one
	// at the same time, and to be greeted does not answer a probe.
	if !c.hello(nonce, greeting{addr: a, via: c.way(a), probe: true, tries: 1}) {
		return 0
	}
	return nonce | 1
}

func (c *Core) hello(nonce uint64, g greeting) bool {
	if _, again := c.nonces[nonce]; !again && len(c.nonces) >= maxGreetings {
		c.count(countGreetingsOverflowed)
		return false
	}
	try := uint64(g.tries) % maxTries
	g.at, g.sent[try] = c.now, c.now
	g.tries++
	c.nonces[nonce] = g
	c.expiry = deadline.Earlier(c.expiry, c.now.Add(greetingLife))
	b := binary.BigEndian.AppendUint64(c.outside(frame.Hello, 0), nonce|try)
	c.output(g.addr, g.via, append(b, c.cfg.Info.Cluster...))
	return true
}

// greeted returns the greeting that a nonce names, and how long ago the try was sent that it
// names, and forgets the greeting. The answer to it must come by the same way.
func (c *Core) greeted(nonce uint64) (g greeting, took time.Duration, ok bool) {
	g, ok = c.nonces[nonce&^tryMask]
	sent := g.sent[nonce&tryMask]
	if !ok || sent.IsZero() || g.via != c.relay || g.over(c.now) {
		return greeting{}, 0, false
	}
	c.forgetGreeting(nonce&^tryMask, g)
	return g, c.now.Sub(sent), true
}

func (c *Core) forgetGreeting(nonce uint64, g greeting) {
	delete(c.nonces, nonce)
	if len(c.nonces) == 0 {
		c.expiry = time.Time{}
	}
	if key := (greetingKey{g.addr, g.via}); c.greetings[key] == nonce {
		delete(c.greetings, key)
	}
}

// over reports whether a greeting may not be answered any more.
func (g greeting) over(now time.Time) bool { return now.Sub(g.at) >= greetingLife }

// expireGreetings forgets those that may not be answered any more.
func (c *Core) expireGreetings() {
	if c.expiry.IsZero() || c.expiry.After(c.now) {
		return
	}
	c.expiry = time.Time{}
	for nonce, g := range c.nonces {
		if g.over(c.now) {
			c.forgetGreeting(nonce, g)
		} else {
			c.expiry = deadline.Earlier(c.expiry, g.at.Add(greetingLife))
		}
	}
	if next := c.now.Add(expireEvery); !c.expiry.IsZero() && c.expiry.Before(next) {
		c.expiry = next
	}
}
