// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package frame

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// Key is a key of the cluster: 32 random bytes that all its nodes have.
type Key [limits.KeySize]byte

const (
	// SealSize is what sealing adds in bytes: the tag of AES-GCM.
	SealSize = limits.FrameSeal
	// sealed is the bit of the kind that says that all after the header is encrypted.
	sealed = 0x80
	// maxOpeners bounds the sessions whose key is remembered. Only who has a key of the
	// cluster can fill it.
	maxOpeners = 8192
)

// IsSealed reports whether b has a whole header that says that the rest is encrypted.
func IsSealed(b []byte) bool { return len(b) >= HeaderSize && b[kindAt]&sealed != 0 }

// Sealer encrypts and decrypts frames with AES-256-GCM (NIST SP 800-38D). Each session
// has a key of its own, derived from the cluster's (HKDF, RFC 5869), and so has each Pair of
// them. The counter is the nonce, so no two frames of a session may have the same one. The
// header is authenticated.
type Sealer struct {
	keys    []Key // the first encrypts, all decrypt
	session uint64
	own     cipher.AEAD
	openers map[uint64]cipher.AEAD // by the session of the sender
	opened  []byte                 // the last frame
}

// NewSealer returns a Sealer for what a session sends, and for all that it receives; nil
// without keys.
func NewSealer(keys []Key, session uint64) *Sealer {
	if len(keys) == 0 {
		return nil
	}
	return &Sealer{
		keys: slices.Clone(keys), session: session,
		own: newAEAD(keys[0], session), openers: map[uint64]cipher.AEAD{},
	}
}

func newAEAD(k Key, session uint64) cipher.AEAD {
	var salt [8]byte
	binary.BigEndian.PutUint64(salt[:], session)
	return derive(k[:], salt[:], "tamtam frame 1")
}

// derive returns the cipher of a key that is derived from a secret.
func derive(secret, salt []byte, info string) cipher.AEAD {
	derived, err := hkdf.Key(sha256.New, secret, salt, info, limits.KeySize)
	if err == nil {
		block, e := aes.NewCipher(derived)
		if err = e; err == nil {
			aead, e := cipher.NewGCM(block)
			if e == nil {
				return aead
			}
			err = e
		}
	}
	panic(err) // all sizes are constant
}

// nonce is the counter in a header.
func nonce(header []byte) []byte {
	var n [12]byte
	copy(n[4:], header[counterAt:])
	return n[:]
}

// Seal returns a frame of the session, encrypted.
func (s *Sealer) Seal(b []byte) []byte { return sealWith(s.own, b) }

func sealWith(a cipher.AEAD, b []byte) []byte {
	out := make([]byte, HeaderSize, len(b)+SealSize)
	copy(out, b)
	out[kindAt] |= sealed
	return a.Seal(out, nonce(out), b[HeaderSize:], out)
}

// Open returns a frame as it was before Seal. It is valid until Open is called again.
// False: it was not encrypted with one of the keys, or was changed since.
func (s *Sealer) Open(b []byte) ([]byte, bool) {
	if !sealedFrame(b) {
		return nil, false
	}
	session := binary.BigEndian.Uint64(b[sessionAt:])
	if a := s.openers[session]; a != nil && s.openWith(a, b) {
		return s.opened, true
	}
	for _, k := range s.keys {
		if a := newAEAD(k, session); s.openWith(a, b) {
			s.remember(session, a)
			return s.opened, true
		}
	}
	return nil, false
}

// OpenApart is Open, and leaves what Open returned last valid.
func (s *Sealer) OpenApart(b []byte) ([]byte, bool) {
	kept := s.opened
	s.opened = nil
	defer func() { s.opened = kept }()
	return s.Open(b)
}

// sealedFrame reports whether b may be an encrypted frame.
func sealedFrame(b []byte) bool {
	return len(b) >= HeaderSize+SealSize && len(b) <= MaxSize && IsSealed(b)
}

func (s *Sealer) openWith(a cipher.AEAD, b []byte) bool {
	s.opened = append(s.opened[:0], b[:HeaderSize]...)
	out, err := a.Open(s.opened, nonce(b), b[HeaderSize:], b[:HeaderSize])
	if err != nil {
		return false
	}
	out[kindAt] &^= sealed
	s.opened = out
	return true
}

func (s *Sealer) remember(session uint64, a cipher.AEAD) {
	for other := range s.openers {
		if len(s.openers) < maxOpeners {
			break
		}
		delete(s.openers, other)
	}
	s.openers[session] = a
}
