// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Key is a key of the cluster.
type Key = frame.Key

// Timing is how long a link waits for what; LAN, WAN and Local are those to choose from.
type Timing = arq.Timing

// The timings for a local network, for round trips of up to some hundreds of milliseconds,
// and for one machine.
var (
	LAN   = arq.LAN
	WAN   = arq.WAN
	Local = arq.Local
)

// CoreConfig says what a Core is made of. All fields but Keys, Encryption and Allow are
// required.
type CoreConfig struct {
	Info   Info // what this node says of itself
	Timing Timing
	// Channels are those that there are, by number.
	Channels []ChannelInfo
	// Keys are those of the cluster: the first one encrypts, and each of them decrypts.
	// Without keys, Encryption is EncryptOff, and the other way round.
	Keys       []Key
	Encryption Encryption
	// Allow are the networks that packets may come from, and advertised addresses be in; all
	// without any.
	Allow netaddr.Networks
	// RenewEvery replaces the constant of this name; 0 does not. It is for tests.
	RenewEvery time.Duration
	// Random returns a random number that nobody can guess.
	Random func() uint64
	// Output sends a packet. The bytes are not changed afterwards.
	Output func(to netip.AddrPort, b []byte)
}

// Core is the protocol. It is not safe for concurrent use. Its methods take the
// present time, which never runs backwards for them.
type Core struct {
	cfg    CoreConfig
	secret [32]byte // makes cookies
	start  time.Time
	now    time.Time
	events []Event

	session        uint64        // this node's
	blocks         uint64        // of counters that were taken; see block
	outsideCounter uint64        // of the last frame that is of no opened session
	sealer         *frame.Sealer // nil without keys
	private        *openingKey   // of the sessions that are opened now; nil without keys
	shut           bool          // opens no session any more

	peers    map[netip.AddrPort]*peer
	sessions map[uint64]*peer      // the one that was opened last, if several say the same
	byID     map[uint64]*peer      // by the connection IDs that its frames may carry
	busy     deadline.Queue[*peer] // those with something due some time, by their next
	due      []*peer               // scratch
	perIP    map[netip.Addr]int
	ended    map[endedKey]ending

	greetings map[greetingKey]uint64 // the nonce of each
	nonces    map[uint64]greeting
	expiry    time.Time // not after the first greeting expires; zero for none

	relay  netip.AddrPort // that the frame which is being received came by; invalid: none
	passes *rate.Limiter  // of the frames that are passed on
	waited time.Duration  // for which the packet that is being received was in the receive buffer

	openedBy *frame.Pair // what decrypted the frame that is being received; nil for a key of the cluster

	long    []byte     // the last frame that came with a short header
	shared  arq.Shared // of all links
	traffic traffic
	profile uint32 // numbers the profiles of this node
	counts  *counter.Set
	ticks   uint64 // how often Tick was called
}

// NewCore returns a Core without sessions.
func NewCore(cfg CoreConfig, now time.Time) *Core {
	if len(cfg.Keys) == 0 || cfg.Encryption == EncryptOff {
		cfg.Keys, cfg.Encryption = nil, EncryptOff
	}
	c := &Core{
		cfg: cfg, start: now, now: now,
		peers: map[netip.AddrPort]*peer{}, sessions: map[uint64]*peer{}, byID: map[uint64]*peer{},
		perIP: map[netip.Addr]int{}, ended: map[endedKey]ending{},
		greetings: map[greetingKey]uint64{}, nonces: map[uint64]greeting{},
		shared: arq.Shared{Timing: cfg.Timing}, counts: counters.NewSet(),
		passes: rate.NewLimiter(relayPerSecond, relayBurst),
	}
	c.begin()
	return c
}

// begin begins a session. Cookies and connection IDs of another one are not valid in it,
// since the peers that would detect their replay are forgotten.
func (c *Core) begin() {
	for i := range 4 {
		binary.BigEndian.PutUint64(c.secret[i*8:], c.random())
	}
	c.session = c.random()
	if c.sealer = frame.NewSealer(c.cfg.Keys, c.session); c.sealer != nil {
		c.private = &openingKey{}
	}
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

// Next returns when Tick must be called; the zero time is never.
func (c *Core) Next() time.Time { return deadline.Earlier(c.expiry, c.busy.Next()) }

// Tick does what is due.
func (c *Core) Tick(now time.Time) {
	c.advance(now)
	c.ticks++
	c.shared.Budget.Refill(c.now)
	c.private.expire(c.now, c.renewEvery())
	late := time.Duration(0)
	c.due = c.busy.AppendDue(c.due[:0], c.now)
	for _, p := range c.due {
		if c.peers[p.addr] == p { // else it was dropped just now
			late = max(late, c.now.Sub(p.next))
			c.tick(p)
		}
	}
	clear(c.due)
	c.expireGreetings()
	if late >= lateness.From {
		c.emit(Event{Kind: Late, Took: late})
	}
}

// SetSlow makes all links wait so many times longer for acknowledgements, from 1 on, since
// this node is late itself.
func (c *Core) SetSlow(times int) { c.shared.SetSlow(times) }

// SetKeys changes the keys of a Core that has some. Retransmissions are encrypted with the
// first of the new ones, too.
func (c *Core) SetKeys(now time.Time, keys []Key) {
	c.advance(now)
	if c.sealer != nil && len(keys) > 0 {
		c.cfg.Keys = slices.Clone(keys)
		c.sealer = frame.NewSealer(keys, c.session)
	}
}

// SetAllow changes the networks that packets may come from. Sessions stay open, unheard: their
// members must be removed.
func (c *Core) SetAllow(networks netaddr.Networks) { c.cfg.Allow = networks }

func (c *Core) count(what *counter.Counter) { c.counts.Inc(what) }
