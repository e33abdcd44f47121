// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/ecdh"
	"encoding/binary"
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// newPrivate returns a new private key, for a session.
func (c *Core) newPrivate() *ecdh.PrivateKey {
	var b []byte
	for range frame.ShareSize / 8 {
		b = binary.BigEndian.AppendUint64(b, c.random())
	}
	k, err := ecdh.X25519().NewPrivateKey(b)
	if err != nil {
		panic(err) // the size is constant
	}
	return k
}

// shareFor returns the share that our infos to a peer have. All infos of one opening have it,
// or none: the peer takes one of them.
func (c *Core) shareFor(p *peer) string {
	if !p.offers {
		return ""
	}
	return string(c.private.PublicKey().Bytes())
}

// pairWith takes the share in an info of a peer. If both infos have one, both ends make the
// same pair. A node of an earlier version, or one that does not encrypt, has none.
func (c *Core) pairWith(p *peer, share string) {
	if p.pair != nil && p.share == share {
		return
	}
	p.pair, p.share = nil, share
	if !p.offers || len(share) == 0 {
		return
	}
	if pair, err := frame.NewPair(c.private, c.session, p.session, []byte(share)); err == nil {
		p.pair = pair
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
		opened, ok = c.sealer.OpenPair(p.pair, b)
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

// paired returns how many sessions have a pair.
func (c *Core) paired() (n uint64) {
	for _, p := range c.peers {
		if p.pair != nil && c.cfg.Encryption.Sends() {
			n++
		}
	}
	return n
}
