// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// CoreConfig says what a Core is made of. All fields but Keys are
// required.
type CoreConfig struct {
	Info   Info // what this node says of itself
	Timing Timing
	// Channels are those that there are, by number.
	Channels []ChannelInfo
	// Keys seal all that is sent, and open what comes: the first the one, any of them
	// the other. Without keys, nothing is sealed.
	Keys []Key
	// Random returns a random number that nobody can guess, other than 0.
	Random func() uint64
	// Output sends a packet. The bytes are not changed afterwards.
	Output func(to netip.AddrPort, b []byte)
}

// Core is the protocol. It is not safe for concurrent use. Its methods take the
// present time, which never runs backwards for them.
type Core struct {
	cfg    CoreConfig
	secret [32]byte
	start  time.Time

	now       time.Time
	expiry    time.Time // not after the first greeting expires; zero for none
	session   uint64
	blocks    uint64 // of counters that were taken; see block
	loose     uint64 // the last counter of a frame that is of no opened session
	seals     *seals // nil without keys
	peers     map[netip.AddrPort]*peer
	sessions  map[uint64]*peer   // the one that was opened last, if several say the same
	tags      map[uint64]*peer   // by the tags that its frames may bear
	ended     map[life]ending    // those that are no more
	busy      map[*peer]struct{} // those with something due some time
	perIP     map[netip.Addr]int
	greetings map[netip.AddrPort]uint64 // the nonce of each
	nonces    map[uint64]greeting
	budget    float64   // how many frames may be sent again
	refilled  time.Time // when it last grew with time
	shut      bool      // opens no session any more
	hermit    bool      // opens no session until it greets
	events    []Event
	counts    map[string]uint64
	traffic   traffic
	ticks     uint64 // how often Tick was called
}

// NewCore returns a Core that knows nobody.
func NewCore(cfg CoreConfig, now time.Time) *Core {
	c := &Core{
		cfg: cfg, start: now, now: now,
		peers: map[netip.AddrPort]*peer{}, sessions: map[uint64]*peer{}, tags: map[uint64]*peer{}, ended: map[life]ending{},
		busy: map[*peer]struct{}{}, perIP: map[netip.Addr]int{},
		greetings: map[netip.AddrPort]uint64{}, nonces: map[uint64]greeting{},
		counts: map[string]uint64{},
	}
	c.begin()
	return c
}

// begin begins a session. What was told in another opens nothing in this one: the nodes
// that would know a replay of it are forgotten.
func (c *Core) begin() {
	for i := range 4 {
		binary.BigEndian.PutUint64(c.secret[i*8:], c.random())
	}
	c.session = c.random()
	c.seals = newSeals(c.cfg.Keys, c.session)
}

func (c *Core) random() uint64 {
	for {
		if v := c.cfg.Random(); v != 0 {
			return v
		}
	}
}

// Session returns the number of this node's session.
func (c *Core) Session() uint64 { return c.session }

// advance takes the time.
func (c *Core) advance(now time.Time) {
	if now.After(c.now) {
		c.now = now
	}
}

// wake has a peer ticked at t at the latest.
func (c *Core) wake(p *peer, t time.Time) {
	p.next = deadline.Earlier(p.next, t)
	c.busy[p] = struct{}{}
}

// Next returns when Tick is to be called; the zero time for never. It is no more
// than a look at the peers that have something to do: few, in a quiet cluster.
func (c *Core) Next() time.Time {
	next := c.expiry
	for p := range c.busy {
		next = deadline.Earlier(next, p.next)
	}
	return next
}

// Tick does what is due.
func (c *Core) Tick(now time.Time) {
	c.advance(now)
	c.ticks++
	if c.budget < budgetPerSecond {
		c.budget += budgetPerSecond * min(c.now.Sub(c.refilled).Seconds(), 1)
	}
	c.refilled = c.now
	for p := range c.busy {
		if p.next.After(c.now) {
			continue
		}
		if !c.tick(p) {
			c.drop(p)
			continue
		}
		c.settle(p)
	}
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

// settle finds out anew when a peer is to be ticked.
func (c *Core) settle(p *peer) {
	if p.next = p.due(); p.next.IsZero() {
		delete(c.busy, p)
	}
}

// SetKeys changes the keys of a Core that has some. What is sent again is sealed with the
// first of the new ones, too.
func (c *Core) SetKeys(now time.Time, keys []Key) {
	c.advance(now)
	if c.seals != nil && len(keys) > 0 {
		c.cfg.Keys = slices.Clone(keys)
		c.seals = newSeals(keys, c.session)
	}
}

// Close ends the session with a node: nothing of it is heard any more.
func (c *Core) Close(now time.Time, a netip.AddrPort) {
	c.advance(now)
	if p := c.peers[a]; p != nil {
		p.closed, p.until = true, c.now.Add(linger)
		c.wake(p, p.until)
	}
}

// Shut has no session opened from now on. Those that are open stay.
func (c *Core) Shut() { c.shut = true }

// Renew begins a new session, after a removal: all nodes are forgotten, and none is
// met before Greet.
func (c *Core) Renew(now time.Time) {
	c.advance(now)
	clear(c.peers)
	clear(c.sessions)
	clear(c.busy)
	clear(c.tags)
	clear(c.perIP)
	clear(c.greetings)
	clear(c.nonces)
	c.begin()
	c.hermit = true
}

// Has tells whether a session with the node is open.
func (c *Core) Has(a netip.AddrPort) bool {
	p := c.peers[a]
	return p != nil && p.up && !p.closed
}

// RoundTrip returns the smoothed round trip to a node; 0 when it is not known. It
// is that of frames that were answered at once, so no AckDelay is in it.
func (c *Core) RoundTrip(a netip.AddrPort) time.Duration {
	if p := c.peers[a]; p != nil {
		return p.trip.smoothed
	}
	return 0
}

func (c *Core) count(what string) { c.counts[what]++ }

// Counters adds what was counted to m.
func (c *Core) Counters(m map[string]uint64) {
	for k, v := range c.counts {
		m[k] = v
	}
	for _, t := range c.Traffic() {
		if t.Sent > 0 {
			m["frames_"+t.Kind] = t.Sent
		}
	}
	m["sessions"] = uint64(len(c.peers))
}
