// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "time"

// Encryption is what a node with keys encrypts, and which packets it takes. The zero value
// is the strictest. The others take an open cluster to an encrypted one, node by node: two
// nodes understand each other unless one of them is more than one step behind.
type Encryption uint8

const (
	// EncryptRequire encrypts all, and takes only what is encrypted.
	EncryptRequire Encryption = iota
	// EncryptSend encrypts all, and takes what is not encrypted, too.
	EncryptSend
	// EncryptAccept encrypts nothing, and takes what is encrypted, too.
	EncryptAccept
	// EncryptOff is that of a node without keys: it encrypts nothing, and drops what is
	// encrypted.
	EncryptOff
)

var encryptionNames = [...]string{EncryptRequire: "require", EncryptSend: "send", EncryptAccept: "accept", EncryptOff: "off"}

func (e Encryption) String() string { return encryptionNames[e] }

// Sends reports whether what is sent is encrypted. If it is not, packets that are no frames
// are sent and taken, too: plain Smudge.
func (e Encryption) Sends() bool { return e <= EncryptSend }

// TakesClear reports whether frames that are not encrypted are taken. As in a cluster without
// keys, anybody can then open a session.
func (e Encryption) TakesClear() bool { return e != EncryptRequire }

// Encryption returns that of this node.
func (c *Core) Encryption() Encryption { return c.cfg.Encryption }

// SetEncryption changes it, for retransmissions and open sessions, too. It does nothing if
// the one that is or the other is EncryptOff.
func (c *Core) SetEncryption(now time.Time, e Encryption) {
	c.advance(now)
	if c.sealer != nil && e != EncryptOff {
		c.cfg.Encryption = e
	}
}
