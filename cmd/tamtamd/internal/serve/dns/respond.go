// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

const (
	// ttl is how long an answer may be kept, in seconds, and likewise that a name does not exist: not at all,
	// since a member can end at any time.
	ttl = 0
	// maxRecords bounds the records of an answer. Of more, a random choice is given.
	maxRecords = 256
	// plainUDP is the greatest answer by UDP, in bytes, to a client that does not say more (RFC 1035), and maxUDP
	// to one that does: what no path fragments.
	plainUDP, maxUDP = 512, 1232
	maxTCP           = 1<<16 - 1
	headerBytes      = 12
	maxText          = 255 // bytes of one string of a TXT record
	badVersion       = dnsmessage.RCode(16)
)

// request is a parsed request.
type request struct {
	header   dnsmessage.Header
	question dnsmessage.Question
	edns     bool // it says how much it takes by UDP
	limit    int  // bytes
	code     dnsmessage.RCode
}

// respond returns the answer to a request; nil if it is no request. A stream takes answers of any length.
func (z *zone) respond(packet []byte, stream bool) []byte {
	if len(packet) < headerBytes {
		return nil
	}
	var p dnsmessage.Parser
	h, err := p.Start(packet)
	if err != nil || h.Response {
		return nil
	}
	r := parse(&p, h, binary.BigEndian.Uint16(packet[4:]))
	if stream {
		r.limit = maxTCP
	}
	if r.code != dnsmessage.RCodeSuccess {
		return r.pack(nil, nil, nil, false)
	}
	name, ok := relative(r.question.Name.String())
	if !ok {
		r.code = dnsmessage.RCodeRefused
		return r.pack(nil, nil, nil, false)
	}
	f, revision := z.find(name)
	if !f.exists {
		r.code = dnsmessage.RCodeNameError
	}
	answers, glue := r.records(f)
	if name == "" && r.question.Type == dnsmessage.TypeSOA {
		answers = []dnsmessage.Resource{soa(revision)}
	}
	if len(answers) == 0 {
		return r.pack(nil, []dnsmessage.Resource{soa(revision)}, nil, false)
	}
	return r.fit(answers, glue, stream)
}

// parse reads the question, and what the client says of itself. If something is wrong, code says so.
func parse(p *dnsmessage.Parser, h dnsmessage.Header, count uint16) request {
	r := request{header: h, limit: plainUDP}
	if h.OpCode != 0 {
		r.code = dnsmessage.RCodeNotImplemented
		return r
	}
	var err error
	if count == 1 {
		r.question, err = p.Question()
	}
	if count != 1 || err != nil || p.SkipAllQuestions() != nil || p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil {
		r.code, r.question = dnsmessage.RCodeFormatError, dnsmessage.Question{}
		return r
	}
	for {
		extra, err := p.AdditionalHeader()
		if err == dnsmessage.ErrSectionDone {
			break
		}
		if err != nil || p.SkipAdditional() != nil {
			r.code = dnsmessage.RCodeFormatError
			return r
		}
		if extra.Type != dnsmessage.TypeOPT {
			continue
		}
		if r.edns { // there may be one (RFC 6891, section 6.1.1)
			r.code = dnsmessage.RCodeFormatError
			return r
		}
		r.edns = true
		r.limit = min(max(plainUDP, int(extra.Class)), maxUDP)
		if version := extra.TTL >> 16 & 0xff; version != 0 {
			r.code = badVersion
		}
	}
	if c := r.question.Class; r.code == 0 && c != dnsmessage.ClassINET && c != dnsmessage.ClassANY {
		r.code = dnsmessage.RCodeRefused
	}
	return r
}

// relative returns a name below Domain without it, or reports that it is another one.
func relative(name string) (string, bool) {
	name = strings.TrimSuffix(name, ".")
	if strings.EqualFold(name, Domain) {
		return "", true
	}
	i := len(name) - len(Domain)
	if i < 1 || name[i-1] != '.' || !strings.EqualFold(name[i:], Domain) {
		return "", false
	}
	return name[:i-1], true
}

// records returns the answer, and the addresses of the hosts in it.
func (r request) records(f found) (answers, glue []dnsmessage.Resource) {
	asked := r.question.Name
	switch wanted := r.question.Type; wanted {
	case dnsmessage.TypeA, dnsmessage.TypeAAAA:
		given := map[netip.Addr]bool{} // several members may run on one host
		for _, m := range f.members {
			ip := m.Addr.Addr()
			if a := address(asked, ip); a.Header.Type == wanted && !given[ip] {
				given[ip] = true
				answers = append(answers, a)
			}
		}
	case dnsmessage.TypeTXT:
		for _, m := range f.members {
			if f.tags {
				answers = append(answers, texts(asked, m)...)
			}
		}
	case dnsmessage.TypeSRV:
		for _, o := range f.offers {
			answers = append(answers, resource(asked, dnsmessage.TypeSRV, &dnsmessage.SRVResource{
				Priority: priority(o.Status), Weight: o.Weight, Port: o.Port, Target: o.target,
			}))
			glue = append(glue, address(o.target, o.Addr.Addr()))
		}
	}
	if len(answers) > maxRecords {
		answers, glue = answers[:maxRecords], glue[:min(len(glue), maxRecords)]
	}
	return answers, glue
}

// priority of a member in SRV records: one that is suspected is asked if no other answers.
func priority(s member.Status) uint16 {
	if s == member.Suspected {
		return 2
	}
	return 1
}

func resource(name dnsmessage.Name, t dnsmessage.Type, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: name, Type: t, Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   body,
	}
}

// address returns a record with an IP address.
func address(name dnsmessage.Name, ip netip.Addr) dnsmessage.Resource {
	if ip = ip.Unmap(); ip.Is4() {
		return resource(name, dnsmessage.TypeA, &dnsmessage.AResource{A: ip.As4()})
	}
	return resource(name, dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: ip.As16()})
}

// texts returns a record for each tag of a member, sorted by key. A client puts the strings of a long one together.
func texts(name dnsmessage.Name, m host) (all []dnsmessage.Resource) {
	for _, key := range slices.Sorted(maps.Keys(m.tags)) {
		var parts []string
		text := key + "=" + m.tags[key]
		for ; len(text) > maxText; text = text[maxText:] {
			parts = append(parts, text[:maxText])
		}
		all = append(all, resource(name, dnsmessage.TypeTXT, &dnsmessage.TXTResource{TXT: append(parts, text)}))
	}
	return all
}

// soa returns the record about Domain itself, which goes with each answer that has no others.
func soa(revision uint64) dnsmessage.Resource {
	apex := dnsmessage.MustNewName(Domain + ".")
	return resource(apex, dnsmessage.TypeSOA, &dnsmessage.SOAResource{
		NS: apex, MBox: dnsmessage.MustNewName("nobody." + Domain + "."), Serial: uint32(revision),
		Refresh: 60, Retry: 60, Expire: 60, MinTTL: ttl, // for servers that would copy the domain; none can
	})
}

// fit packs an answer that the client can take. By UDP, one that is too long has no records, and says that it is
// cut, so that the client asks by TCP. By TCP, it has fewer.
func (r request) fit(answers, glue []dnsmessage.Resource, stream bool) []byte {
	for _, glue := range [][]dnsmessage.Resource{glue, nil} {
		if b := r.pack(answers, nil, glue, false); b != nil && len(b) <= r.limit {
			return b
		}
	}
	if !stream {
		return r.pack(nil, nil, nil, true)
	}
	for len(answers) > 1 {
		answers = answers[:len(answers)/2]
		if b := r.pack(answers, nil, nil, false); b != nil && len(b) <= r.limit {
			return b
		}
	}
	return nil // does not happen: one record is shorter
}

// pack returns an answer; nil if it would be too long for any client.
func (r request) pack(answers, authorities, glue []dnsmessage.Resource, cut bool) []byte {
	m := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: r.header.ID, Response: true, OpCode: r.header.OpCode, RecursionDesired: r.header.RecursionDesired,
			Authoritative: r.code == dnsmessage.RCodeSuccess || r.code == dnsmessage.RCodeNameError,
			Truncated:     cut, RCode: r.code & 0xf,
		},
		Answers: answers, Authorities: authorities, Additionals: glue,
	}
	if r.question != (dnsmessage.Question{}) {
		m.Questions = []dnsmessage.Question{r.question}
	}
	if r.edns {
		opt := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
		if err := opt.Header.SetEDNS0(maxUDP, r.code, false); err != nil {
			return nil
		}
		m.Additionals = append(slices.Clip(glue), opt)
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}
