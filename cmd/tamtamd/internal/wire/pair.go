// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/ecdh"
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// shareFor returns the share that our infos to a peer have. All infos of one opening have it,
// or none: the peer takes one of them.
func (c *Core) shareFor(p *peer) string {
	if !p.offers {
		return ""
	}
	return string(c.privateFor(p).PublicKey().Bytes())
}

// privateFor returns the private key of the opening of a peer. When the pair has been renewed, that
// is forgotten, and there is another one for a peer that has forgotten the session.
func (c *Core) privateFor(p *peer) *ecdh.PrivateKey {
	if p.private == nil {
		p.private = c.private.get(c.now, c.random)
	}
	return p.private
}

// pairWith takes the share in an info of a peer. If both infos have one, both ends make the
// same pair. A node of an earlier version, or one that does not encrypt, has none.
func (c *Core) pairWith(p *peer, share string, renews bool) {
	if p.pair != nil && len(share) > 0 && p.share == share {
		return
	}
	p.renewal.wipe()
	p.pair, p.share = nil, share
	if !p.offers || len(share) == 0 {
		return
	}
	if pair, err := frame.NewPair(c.privateFor(p), c.session, p.session, []byte(share)); err == nil {
		p.pair = pair
		if renews {
			p.renewal = &renewal{}
			p.renewal.plan(c.now, c.renewEvery(), c.random)
		}
	}
}

// open decrypts a frame: with the key of the pair, if it is of an open session that has one,
// else with a key of the cluster. It returns false if it cannot. That is no sign of other keys
// if the session is not open any more, or not yet.
func (c *Core) open(src netip.AddrPort, b []byte) (opened []byte, ok bool) {
	h := frame.HeaderOf(b)
	p := c.byID[h.Connection]
	known := p != nil && p.session == h.Session && h.Kind.Paired()
	if known && p.pair != nil {
		opened, ok = c.openPair(p, b)
	} else {
		opened, ok = c.sealer.Open(b)
	}
	switch {
	case ok:
		return opened, true
	case known && !p.up:
		c.count(countDroppedEarly) // it comes again, and the info with its share is on its way
		return nil, false
	case known:
		p.unread = true
	}
	c.count(countDroppedUnsealed)
	if known || !h.Kind.Paired() {
		c.unreadable(Event{Kind: Unsealed, Addr: src})
	}
	return nil, false
}

// pairs returns how many sessions have a pair.
func (c *Core) pairs() (n uint64) {
	for _, p := range c.peers {
		if p.pair != nil && c.cfg.Encryption.Sends() {
			n++
		}
	}
	return n
}
