// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package frame

import (
	"crypto/cipher"
	"crypto/ecdh"
	"encoding/binary"
	"fmt"
)

// ShareSize is the size of a share in bytes: a public key of X25519 (RFC 7748).
const ShareSize = 32

// Paired reports whether a frame of the kind is of an open session, and so encrypted with
// the key of the pair, if there is one. The others open sessions, or are of none.
func (k Kind) Paired() bool {
	switch k {
	case Hello, Welcome, Refuse, Info, Announce:
		return false
	}
	return true
}

// Pair has the keys of the frames that two sessions send each other. They follow from a key
// of the cluster and from a secret that only these two can make, each with its private key
// and the share of the other. So a key of the cluster that leaks does not decrypt what was
// captured. A Pair is used with one Sealer after the other: that has the keys of the cluster.
type Pair struct {
	secret  []byte
	out, in string // what the keys of each direction are bound to

	of         *Sealer // whose keys the rest follows from; nil at first
	seal, open cipher.AEAD
}

// NewPair returns the Pair of this node's session, with its private key, and another one
// with its share. It fails if the share is none.
func NewPair(private *ecdh.PrivateKey, own, other uint64, share []byte) (*Pair, error) {
	public, err := ecdh.X25519().NewPublicKey(share)
	if err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, fmt.Errorf("share: %w", err)
	}
	bind := func(from, to uint64, fromShare, toShare []byte) string {
		b := []byte("tamtam pair 1")
		b = binary.BigEndian.AppendUint64(b, from)
		b = binary.BigEndian.AppendUint64(b, to)
		return string(append(append(b, fromShare...), toShare...))
	}
	mine := private.PublicKey().Bytes()
	return &Pair{secret: secret, out: bind(own, other, mine, share), in: bind(other, own, share, mine)}, nil
}

// Wipe makes p unusable, and overwrites its secret. The ciphers that were made with it are left
// to the garbage collector.
func (p *Pair) Wipe() {
	if p != nil {
		clear(p.secret)
		*p = Pair{}
	}
}

// key returns the cipher of a direction under a key of the cluster.
func (p *Pair) key(k Key, direction string) cipher.AEAD {
	return derive(append(k[:], p.secret...), nil, direction)
}

// follow makes p use the keys of a Sealer.
func (p *Pair) follow(s *Sealer) {
	if p.of != s {
		p.of, p.seal, p.open = s, p.key(s.keys[0], p.out), nil
	}
}

// SealPair is Seal with the key of a pair.
func (s *Sealer) SealPair(p *Pair, b []byte) []byte {
	p.follow(s)
	return sealWith(p.seal, b)
}

// OpenPair is Open with the key of a pair.
func (s *Sealer) OpenPair(p *Pair, b []byte) ([]byte, bool) {
	if !sealedFrame(b) {
		return nil, false
	}
	p.follow(s)
	if p.open != nil && s.openWith(p.open, b) {
		return s.opened, true
	}
	for _, k := range s.keys {
		if a := p.key(k, p.in); s.openWith(a, b) {
			p.open = a
			return s.opened, true
		}
	}
	return nil, false
}
