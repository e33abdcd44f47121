// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// cookieLife is how long a cookie is valid at least; at most twice that.
const cookieLife = 30 * time.Second

// cookie proves that a session has received the answer to a hello at an address; by way of a
// relay, if the hello came by one.
func (c *Core) cookie(a netip.AddrPort, session, nonce uint64, age int64) uint64 {
	mac := hmac.New(sha256.New, c.secret[:])
	b := frame.AppendAddr(frame.AppendAddr(make([]byte, 0, 2*frame.AddrSize+24), a), c.relay)
	for _, v := range []uint64{session, nonce, uint64(int64(c.now.Sub(c.start)/cookieLife) - age)} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	mac.Write(b)
	var sum [sha256.Size]byte
	return binary.BigEndian.Uint64(mac.Sum(sum[:0]))
}

func (c *Core) isCookie(id uint64, a netip.AddrPort, session, nonce uint64) bool {
	return id == c.cookie(a, session, nonce, 0) || id == c.cookie(a, session, nonce, 1)
}
