// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package recipients

import (
	"bytes"
	"net/netip"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// addressMost is the most bytes of an address in an encoded Recipients.
const addressMost = 16 + 2 + 2

// Part is what one message has of recipients.
type Part struct {
	Text    string           // encoded; empty for all
	Members []netip.AddrPort // those that are named in it
}

// Most returns the most bytes that a part has if each may have one address only.
func (r Recipients) Most() int {
	size := proto.Size(&peerv1.Recipients{Tags: r.Tags, Report: true})
	if len(r.Members) > 0 {
		size += addressMost
	}
	return size
}

// Encode returns recipients in parts of so many bytes at most, but each with one address, if there are
// any. report: the receivers report whether a message is for them.
func (r Recipients) Encode(report bool, room int) (parts []Part) {
	if r.All() {
		return []Part{{}}
	}
	rest := r.Members
	for first := true; first || len(rest) > 0; first = false {
		m := &peerv1.Recipients{Tags: r.Tags, Report: report}
		n, size := 0, proto.Size(m)
		for ; n < len(rest); n++ {
			b := encode(rest[n])
			if size += len(b) + 2; size > room && n > 0 {
				break
			}
			m.Members = append(m.Members, b)
		}
		text, _ := proto.Marshal(m) // fails for texts that are not UTF-8 only: all were checked
		parts = append(parts, Part{string(text), rest[:n]})
		rest = rest[n:]
	}
	return parts
}

// encode returns an address as nodes send it to each other.
func encode(a netip.AddrPort) []byte {
	return append(a.Addr().AsSlice(), byte(a.Port()>>8), byte(a.Port()))
}

// Include reports whether a node with an address and tags is one of the recipients that a text of
// Encode has, and whether it has to report that. What is not understood includes nobody.
func Include(text string, a netip.AddrPort, tags string) (included, report bool) {
	var m peerv1.Recipients
	if proto.Unmarshal([]byte(text), &m) != nil {
		return false, false
	}
	self := encode(a)
	named := len(m.GetMembers()) == 0 || slices.ContainsFunc(m.GetMembers(), func(b []byte) bool { return bytes.Equal(b, self) })
	return named && len(m.ProtoReflect().GetUnknown()) == 0 && filter.MatchTags(tags, m.GetTags()), m.GetReport()
}
