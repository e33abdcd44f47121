// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Key is a key of the cluster: 32 random bytes that all its nodes have.
type Key [32]byte

const (
	// sealed is the bit of the kind that says that all after the header is sealed.
	sealed = 0x80
	// sealSize is what sealing adds, in bytes: the tag of AES-GCM.
	sealSize = 16
	// maxOpeners bounds the sessions whose key is remembered. Whoever makes one
	// has a key of the cluster.
	maxOpeners = 2 * MaxPeers
)

// seals seals and opens frames with AES-256-GCM (NIST SP 800-38D). Each session has a
// key of its own, derived from the cluster's (HKDF, RFC 5869), and no two frames of a
// session have the same counter, which is the nonce. The header is authenticated.
type seals struct {
	keys    []Key // the first seals, all open
	session uint64
	own     cipher.AEAD
	openers map[uint64]cipher.AEAD // by the session of who sealed
	opened  []byte                 // the last frame
}

// newSeals returns what seals the frames of a session; nil without keys.
func newSeals(keys []Key, session uint64) *seals {
	if len(keys) == 0 {
		return nil
	}
	return &seals{
		keys: slices.Clone(keys), session: session,
		own: newAEAD(keys[0], session), openers: map[uint64]cipher.AEAD{},
	}
}

func newAEAD(k Key, session uint64) cipher.AEAD {
	var salt [8]byte
	binary.BigEndian.PutUint64(salt[:], session)
	derived, err := hkdf.Key(sha256.New, k[:], salt[:], "tamtam frame 1", len(k))
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

// seal returns a frame sealed.
func (s *seals) seal(b []byte) []byte {
	out := make([]byte, headerSize, len(b)+sealSize)
	copy(out, b)
	out[kindAt] |= sealed
	return s.own.Seal(out, nonce(out), b[headerSize:], out)
}

// open returns a frame as it was before it was sealed, until it is called again; false
// when it was not sealed with one of the keys, or not left as it was.
func (s *seals) open(b []byte) ([]byte, bool) {
	if len(b) < headerSize+sealSize || len(b) > MaxFrame || b[kindAt]&sealed == 0 {
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

func (s *seals) openWith(a cipher.AEAD, b []byte) bool {
	s.opened = append(s.opened[:0], b[:headerSize]...)
	out, err := a.Open(s.opened, nonce(b), b[headerSize:], b[:headerSize])
	if err != nil {
		return false
	}
	out[kindAt] &^= sealed
	s.opened = out
	return true
}

func (s *seals) remember(session uint64, a cipher.AEAD) {
	for other := range s.openers {
		if len(s.openers) < maxOpeners {
			break
		}
		delete(s.openers, other)
	}
	s.openers[session] = a
}
