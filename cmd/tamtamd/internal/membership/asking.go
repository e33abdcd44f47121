// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// asking is what an asker says to a finder on MembersChannel: it asks the accused for longer than
// the finder expects.
//
//	flagAsking 1 · digest of the accused 8 · milliseconds from now on 2
//
// Earlier versions take it for a memberList, and find no flag that they know and no address in it.
type asking struct {
	digest uint64
	takes  time.Duration
}

// flagAsking is the last bit, since the flags of a memberList grow from the first.
const (
	flagAsking = 1 << 7
	askingSize = 1 + 8 + 2
)

func digestOf(accused netip.AddrPort) uint64 { return spread.Digest(0).Add(accused).Sum() }

func (a asking) encode() []byte {
	b := binary.BigEndian.AppendUint64([]byte{flagAsking}, a.digest)
	return binary.BigEndian.AppendUint16(b, uint16(min(a.takes.Milliseconds(), math.MaxUint16)))
}

func parseAsking(b []byte) (a asking, ok bool) {
	if len(b) < askingSize || b[0]&flagAsking == 0 {
		return a, false
	}
	a.digest = binary.BigEndian.Uint64(b[1:])
	a.takes = time.Duration(binary.BigEndian.Uint16(b[9:])) * time.Millisecond
	return a, true
}

// tellLate tells a finder that this node, an asker, asks for longer than the finder expects.
func (c *Core) tellLate(l detect.Late) {
	if c.HasSession(l.Finder) {
		b := asking{digest: digestOf(l.Accused), takes: l.Takes}.encode()
		c.emit(Send{To: l.Finder, Channel: MembersChannel, Data: b})
	}
}

// toldLate takes such a word. Only that of an asker that this node waits for counts.
func (c *Core) toldLate(by netip.AddrPort, a asking, now time.Time) {
	c.findings.Late(by, func(accused netip.AddrPort) bool { return digestOf(accused) == a.digest }, a.takes, now)
}
