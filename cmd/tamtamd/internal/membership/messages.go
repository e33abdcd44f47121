// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"crypto/ed25519"
	"encoding/binary"
	"math"
	"net/netip"
	"unicode/utf8"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// The channels of the wire. Sizes are bytes, integers big-endian; an address is 18: an
// IPv6 address, or an IPv4 one mapped into it, and a port.
const (
	DatagramChannel  wire.Channel = iota // a datagram of Smudge's
	MembersChannel                       // flags 1 · digest 8 · addresses · digest 8 · digest 8: see memberList, and asking
	LeaveChannel                         // nothing: the sender leaves
	RemovalChannel                       // session 8 · address · signature 64 or none: a user removed this member
	BroadcastChannel                     // that of package broadcast
	QuestionChannel                      // that of package peers
	AnswerChannel                        // likewise
	RecordsChannel                       // see recordList; a node that has not shown that it knows it gets none
	PushChannel                          // as BroadcastChannel, but the sender waits for the acknowledgement
	RetainedChannel                      // that of package retained; a node whose profile does not say that it knows it gets none
)

// Channels is how each of them is carried.
var Channels = []wire.ChannelInfo{
	DatagramChannel:  {Name: "data"},
	MembersChannel:   {Name: "members"},
	LeaveChannel:     {Name: "leave", Last: true},
	RemovalChannel:   {Name: "remove", AckNow: true},
	BroadcastChannel: {Name: "message", Bulk: true, Refused: wire.CountRefused("messages_refused")},
	QuestionChannel:  {Name: "ask", Bulk: true, Refused: wire.CountRefused("asks_refused")},
	AnswerChannel:    {Name: "answer", Bulk: true, Refused: wire.CountRefused("answers_refused")},
	RecordsChannel:   {Name: "records"},
	PushChannel:      {Name: "push", AckNow: true, Bulk: true, Refused: wire.CountRefused("pushes_refused")},
	RetainedChannel:  {Name: "retained", Bulk: true, Refused: wire.CountRefused("retained_refused")},
}

// ChannelOf returns the channel of what package broadcast sends.
func ChannelOf(push bool) wire.Channel {
	if push {
		return PushChannel
	}
	return BroadcastChannel
}

// memberList is what a node says of the members that it knows. A digest at the end shows that the
// sender understands RecordsChannel, and another behind it that the sender compares the dead, too.
// Earlier versions read one of them or none: together, they are shorter than an address.
type memberList struct {
	ask     bool   // the receiver's own list is wanted, or its records
	some    bool   // the records of some members will do; earlier versions do not read it
	invite  bool   // a user of the sender lets the receiver in again; earlier versions do not read it
	digest  uint64 // of the live members that the sender knows, by their addresses; 0 for none
	records uint64 // of the sender's records but those of the dead; 0 from a node that has none
	dead    uint64 // of the sender's records of the dead; 0 from a node that does not compare them
	members []netip.AddrPort
}

// memberListFixed is the size of what comes before the addresses, recordsSumSize that of
// what comes behind them.
const (
	memberListFixed = 9
	recordsSumSize  = 8
)

// Flags of a memberList.
const (
	flagAsk     = 1 << iota
	flagRecords // there is a digest at the end
	flagInvite
	flagDeadSum // and another, of the dead

	flagSome = 1 << 4 // of a recordList, too
)

// encode returns the messages that carry a list, in order: one without members, else as
// many as it takes. The last carries ask.
func (l memberList) encode() (messages [][]byte) {
	const most = (wire.MaxRelayedData - memberListFixed - 2*recordsSumSize) / frame.AddrSize
	for {
		some := l.members[:min(len(l.members), most)]
		l.members = l.members[len(some):]
		last := len(l.members) == 0
		b := make([]byte, 1, memberListFixed+len(some)*frame.AddrSize+2*recordsSumSize)
		if l.ask && last {
			b[0] = flagAsk
		}
		if l.some {
			b[0] |= flagSome
		}
		if l.invite {
			b[0] |= flagInvite
		}
		b = binary.BigEndian.AppendUint64(b, l.digest)
		for _, a := range some {
			b = frame.AppendAddr(b, a)
		}
		if l.records != 0 {
			b[0] |= flagRecords
			b = binary.BigEndian.AppendUint64(b, l.records)
			if l.dead != 0 {
				b[0] |= flagDeadSum
				b = binary.BigEndian.AppendUint64(b, l.dead)
			}
		}
		if messages = append(messages, b); last {
			return messages
		}
	}
}

func parseMemberList(b []byte) (l memberList, ok bool) {
	if len(b) < memberListFixed {
		return l, false
	}
	l.ask, l.invite, l.digest = b[0]&flagAsk != 0, b[0]&flagInvite != 0, binary.BigEndian.Uint64(b[1:])
	hasSum, hasDead := b[0]&flagRecords != 0, b[0]&flagDeadSum != 0
	l.some = b[0]&flagSome != 0
	for b = b[memberListFixed:]; len(b) >= frame.AddrSize; b = b[frame.AddrSize:] {
		l.members = append(l.members, frame.Addr(b))
	}
	if hasSum {
		if len(b) < recordsSumSize {
			return l, false
		}
		l.records, b = binary.BigEndian.Uint64(b), b[recordsSumSize:]
		if hasDead {
			if len(b) < recordsSumSize {
				return l, false
			}
			l.dead = binary.BigEndian.Uint64(b)
		}
	}
	return l, true
}

// removed is what a member says of another that a user removed.
type removed struct {
	target    netip.AddrPort
	session   uint64 // of the target; 0 for any
	signature string // of an operator; earlier versions do not read it
}

func (r removed) encode() []byte {
	return append(frame.AppendAddr(binary.BigEndian.AppendUint64(nil, r.session), r.target), r.signature...)
}

func parseRemoved(b []byte) (r removed, ok bool) {
	if len(b) < 8+frame.AddrSize {
		return r, false
	}
	r.target, r.session = frame.Addr(b[8:]), binary.BigEndian.Uint64(b)
	if b = b[8+frame.AddrSize:]; len(b) == ed25519.SignatureSize {
		r.signature = string(b)
	}
	return r, true
}

// Bounds of the texts in a Profile, in bytes.
const (
	maxName    = limits.MaxName
	maxVersion = 64
)

// Flags of a Profile.
const (
	flagAddressing = 1 << iota
	flagRetaining
)

// Profile is what a node says of itself to each node that it opens a session with.
//
//	max payload 2 · length 1 and name · length 1 and version · length 2 and tags · flags 1
//
// Earlier versions have no flags. 1 is Addressing, 2 Retaining. A max payload of 65,535 stands for 65,536. Earlier versions
// say 1,024 at most.
//
// What follows is of a later version, and left alone. A name has at most 128 bytes; a
// longer version than 64 bytes is cut. The session is that of the frame.
type Profile member.Info

// Encode returns the profile for wire.Info.
func (p Profile) Encode() string {
	b := binary.BigEndian.AppendUint16(nil, uint16(min(p.MaxPayload, math.MaxUint16)))
	for _, s := range []string{p.Name, p.Version[:min(maxVersion, len(p.Version))]} {
		b = append(append(b, byte(len(s))), s...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(p.Tags)))
	b = append(b, p.Tags...)
	var flags byte
	if p.Addressing {
		flags |= flagAddressing
	}
	if p.Retaining {
		flags |= flagRetaining
	}
	if flags != 0 {
		b = append(b, flags)
	}
	return string(b)
}

func parseProfile(s string) (p Profile, ok bool) {
	if len(s) < 2 {
		return p, false
	}
	if p.MaxPayload, s = int(s[0])<<8|int(s[1]), s[2:]; p.MaxPayload == math.MaxUint16 {
		p.MaxPayload = limits.MaxPayload
	}
	for _, text := range []struct {
		p   *string
		max int
	}{{&p.Name, maxName}, {&p.Version, maxVersion}} {
		if len(s) == 0 || int(s[0]) > text.max || len(s) < 1+int(s[0]) {
			return p, false
		}
		*text.p, s = s[1:1+s[0]], s[1+s[0]:]
		if !printable(*text.p) {
			return p, false
		}
	}
	if len(s) < 2 {
		return p, false
	}
	n := int(s[0])<<8 | int(s[1])
	if s = s[2:]; n > tags.MaxEncoded || len(s) < n {
		return p, false
	}
	p.Tags, s = s[:n], s[n:]
	if len(s) > 0 {
		p.Addressing, p.Retaining = s[0]&flagAddressing != 0, s[0]&flagRetaining != 0
	}
	return p, true
}

// printable reports whether a text may go to a terminal and a log.
func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return false
		}
	}
	return utf8.ValidString(s)
}
