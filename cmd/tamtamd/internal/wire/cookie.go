// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"
)

// cookieLife is how long a cookie is good for, once or twice over.
const cookieLife = 30 * time.Second

// cookie proves that a session has received the answer to a hello at an address.
func (c *Core) cookie(a netip.AddrPort, session, nonce uint64, age int64) uint64 {
	mac := hmac.New(sha256.New, c.secret[:])
	var b [addrSize + 24]byte
	appendAddr(b[:0], a)
	binary.BigEndian.PutUint64(b[addrSize:], session)
	binary.BigEndian.PutUint64(b[addrSize+8:], nonce)
	binary.BigEndian.PutUint64(b[addrSize+16:], uint64(int64(c.now.Sub(c.start)/cookieLife)-age))
	mac.Write(b[:])
	var sum [sha256.Size]byte
	return binary.BigEndian.Uint64(mac.Sum(sum[:0]))
}

func (c *Core) isCookie(tag uint64, a netip.AddrPort, session, nonce uint64) bool {
	return tag == c.cookie(a, session, nonce, 0) || tag == c.cookie(a, session, nonce, 1)
}
