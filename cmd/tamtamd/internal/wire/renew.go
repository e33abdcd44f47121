// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/ecdh"
	"encoding/binary"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// A pair is renewed from time to time: both ends make a new share, and forget the private keys
// as soon as the new pair is made. The end with the lower session number offers, by a
// frame.Renew, and the other answers with one. Both are encrypted with the present pair.
//
//	lower                                higher
//	offer, of generation n+1      ──▶    makes n+1, and decrypts with it, too
//	makes n+1, and encrypts with  ◀──    answer
//	it; decrypts with n, too
//	acknowledgement, or any frame ──▶    encrypts with n+1; decrypts with n, too
//	n ends after a while          ◀──    any frame; n ends after a while
//
// So neither end encrypts with a pair before the other can decrypt with it, and no frame waits.
// What is retransmitted is encrypted again, with the pair of that time.
const (
	// RenewEvery is how old a pair becomes, if its sessions send each other anything. It varies
	// by a quarter, downwards.
	RenewEvery = time.Hour
	// renewRetry is when an offer that has had no answer is repeated.
	renewRetry = time.Minute
	// renewOverlap is for how long the old pair still decrypts, once the other end encrypts
	// with the new one. What is on its way for longer is lost, and retransmitted.
	renewOverlap = 10 * time.Second
	// renewSize is the size of a frame.Renew's payload: generation 4 · share.
	renewSize = 4 + frame.ShareSize
)

// newPrivate returns a new private key.
func newPrivate(random func() uint64) *ecdh.PrivateKey {
	b := make([]byte, 0, frame.ShareSize)
	defer func() { clear(b[:cap(b)]) }()
	for range frame.ShareSize / 8 {
		b = binary.BigEndian.AppendUint64(b, random())
	}
	k, err := ecdh.X25519().NewPrivateKey(b)
	if err != nil {
		panic(err) // the size is constant
	}
	return k
}

// openingKey is the private key of the sessions that are opened in the time of one generation.
type openingKey struct {
	key   *ecdh.PrivateKey
	since time.Time
}

// get returns the key, a new one if there is none.
func (o *openingKey) get(now time.Time, random func() uint64) *ecdh.PrivateKey {
	if o.key == nil {
		o.key, o.since = newPrivate(random), now
	}
	return o.key
}

// expire forgets a key that is too old.
func (o *openingKey) expire(now time.Time, every time.Duration) {
	if o != nil && now.Sub(o.since) >= every {
		o.key = nil
	}
}

// renewal is how far the renewal of a peer's pair is. It is nil of a peer that does not renew, as without
// keys, and was wiped, or has not begun, if nothing is due.
type renewal struct {
	generation uint32    // of the pair; that which opened the session is 0
	offered    time.Time // when the next is offered, or offered again; zero for never

	private *ecdh.PrivateKey // of the share that was offered; nil for none
	counter uint64           // of the last frame with a share that was sent

	next  *frame.Pair // was made for an offer, and the other end does not use it yet
	offer string      // the share that next was made for
	share string      // and our own

	old   *frame.Pair // the last generation, which still decrypts
	until time.Time   // for how long; zero while the other end does not use the new one
}

// wipe forgets the pairs that are not the present one.
func (r *renewal) wipe() {
	if r == nil {
		return
	}
	r.next.Wipe()
	r.old.Wipe()
	*r = renewal{}
}

// end forgets the last generation when it is time.
func (r *renewal) end(now time.Time) {
	if until := r.due(); !until.IsZero() && !until.After(now) {
		r.old.Wipe()
		r.old, r.until = nil, time.Time{}
	}
}

// due returns when the last generation ends; the zero time for never.
func (r *renewal) due() time.Time {
	if r == nil {
		return time.Time{}
	}
	return r.until
}

// plan has the next generation offered when this one is old enough.
func (r *renewal) plan(now time.Time, every time.Duration, random func() uint64) {
	r.offered = now.Add(every - time.Duration(random()%uint64(every/4)))
}

// advance makes a pair of the next generation the present one. It returns it.
func (r *renewal) advance(present, pair *frame.Pair) *frame.Pair {
	r.old.Wipe() // if it is still there, two generations ago
	r.old, r.until = present, time.Time{}
	r.next, r.offer, r.share, r.private = nil, "", "", nil
	r.generation++
	return pair
}

// renewEvery returns how old pairs become.
func (c *Core) renewEvery() time.Duration {
	if c.cfg.RenewEvery > 0 {
		return c.cfg.RenewEvery
	}
	return RenewEvery
}

// openPair decrypts a frame with the pair of a peer, or with the one before or after it.
func (c *Core) openPair(p *peer, b []byte) (opened []byte, ok bool) {
	pairs := [3]*frame.Pair{p.pair}
	if r := p.renewal; r != nil {
		pairs[1], pairs[2] = r.next, r.old
	}
	for _, pair := range pairs {
		if pair == nil {
			continue
		}
		if opened, ok = c.sealer.OpenPair(pair, b); ok {
			c.paired(p, pair)
			return opened, true
		}
	}
	return nil, false
}

// paired notes by which pair a frame of a peer came.
func (c *Core) paired(p *peer, by *frame.Pair) {
	c.openedBy = by
	r := p.renewal
	if r == nil {
		return
	}
	if by == r.next {
		p.pair = r.advance(p.pair, by)
		c.renewed(p)
	}
	if by == p.pair && r.old != nil && r.until.IsZero() {
		r.until = c.now.Add(renewOverlap)
		c.wake(p, r.until)
	}
}

// renewed notes that a peer has a new pair. The key that opened the session is of no use any
// more.
func (c *Core) renewed(p *peer) {
	c.count(countPairsRenewed)
	p.private, p.share = nil, ""
	p.renewal.plan(c.now, c.renewEvery(), c.random)
}

// renew offers a new share to a peer if it is time, and it is for this end to do so.
func (c *Core) renew(p *peer) {
	r := p.renewal
	if r == nil || r.offered.IsZero() || r.offered.After(c.now) || p.pair == nil || !p.open() || c.session >= p.session || !c.cfg.Encryption.Sends() {
		return
	}
	r.offered = c.now.Add(min(renewRetry, c.renewEvery()))
	if r.private == nil {
		r.private = newPrivate(c.random)
	}
	c.sendRenew(p, string(r.private.PublicKey().Bytes()))
}

// sendRenew sends our share of the next generation, in place of one that was not acknowledged.
func (c *Core) sendRenew(p *peer, share string) {
	p.link.Withdraw(p.renewal.counter)
	b := binary.BigEndian.AppendUint32(make([]byte, 0, renewSize), p.renewal.generation+1)
	c.send(p, frame.Renew, 0, append(b, share...), 0)
	p.renewal.counter = p.counter
}

// onRenew takes a share: an offer, or the answer to ours. It counts only if it was encrypted
// with the present pair, so that nobody else can bring one in.
func (c *Core) onRenew(p *peer, payload []byte) {
	r := p.renewal
	if len(payload) != renewSize || r == nil || r.offered.IsZero() || p.pair == nil || c.openedBy != p.pair || !c.cfg.Encryption.Sends() {
		c.count(countDroppedBadFrame)
		return
	}
	if binary.BigEndian.Uint32(payload) != r.generation+1 {
		return // it was late
	}
	share := payload[4:]
	if c.session < p.session {
		c.takeAnswer(p, share)
	} else {
		c.takeOffer(p, share)
	}
}

func (c *Core) takeAnswer(p *peer, share []byte) {
	r := p.renewal
	if r.private == nil {
		return
	}
	pair, err := frame.NewPair(r.private, c.session, p.session, share)
	if err != nil {
		c.count(countDroppedBadFrame)
		return
	}
	p.pair = r.advance(p.pair, pair)
	c.renewed(p)
}

func (c *Core) takeOffer(p *peer, share []byte) {
	r := p.renewal
	if r.next == nil || r.offer != string(share) {
		private := newPrivate(c.random)
		pair, err := frame.NewPair(private, c.session, p.session, share)
		if err != nil {
			c.count(countDroppedBadFrame)
			return
		}
		r.next.Wipe()
		r.next, r.offer, r.share = pair, string(share), string(private.PublicKey().Bytes())
	}
	c.sendRenew(p, r.share)
}
