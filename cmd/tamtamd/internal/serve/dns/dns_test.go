// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// listed are members that do not change.
type listed []member.Member

func (l listed) List() ([]member.Member, uint64) { return slices.Clone(l), 1 }
func (l listed) Revision() uint64                { return 1 }

// at returns a live member.
func at(addr, name string, set tags.Set) member.Member {
	return member.Member{
		Addr: netip.MustParseAddrPort(addr), Status: member.Alive,
		Info: member.Info{Name: name, Session: 1, Tags: set.Encode()},
	}
}

// some are members of all kinds.
func some() listed {
	suspected := at("192.0.2.3:9999", "web-2", tags.Set{"role": "web", "service/web": "8081/tcp/5"})
	suspected.Status = member.Suspected
	dead := at("192.0.2.4:9999", "web-3", tags.Set{"role": "web", "service/web": "8080"})
	dead.Status = member.Dead
	return listed{
		at("192.0.2.1:9999", "db-1", tags.Set{"role": "db", "service/pg": "5432", "note": strings.Repeat("x", 300)}),
		at("192.0.2.2:9999", "web-1", tags.Set{"role": "web", "version": "1.4.2", "service/web": "8080", "service/stats": "8125/udp"}),
		suspected, dead,
		at("[2001:db8::5]:9999", "six.example", tags.Set{"role": "web"}),
		at("192.0.2.6:9999", "twin", tags.Set{"service/twins": "1"}),
		at("192.0.2.7:9999", "twin", tags.Set{"service/twins": "2"}),
		at("192.0.2.8:9998", "roommate", tags.Set{"role": "rest"}),
		at("192.0.2.8:9999", "roommate", tags.Set{"role": "rest"}),
	}
}

// serve serves members on loopback, and returns the server and a resolver that asks it.
func serve(t *testing.T, members Members) (*Server, *net.Resolver) {
	t.Helper()
	sockets, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(sockets, members)
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, sockets.Addr().String())
	}}
}

// TestResolver asks as programs do, by the resolver of the standard library.
func TestResolver(t *testing.T) {
	_, r := serve(t, some())
	for name, want := range map[string][]string{
		"roommate.node.tamtam.":                         {"192.0.2.8"},
		"role--rest.tag.tamtam.":                        {"192.0.2.8"},
		"db-1.node.tamtam.":                             {"192.0.2.1"},
		"DB-1.Node.TamTam.":                             {"192.0.2.1"},
		"web-2.node.tamtam.":                            {"192.0.2.3"},
		"six.example.node.tamtam.":                      {"2001:db8::5"},
		"twin.node.tamtam.":                             {"192.0.2.6", "192.0.2.7"},
		"role--web.tag.tamtam.":                         {"192.0.2.2", "192.0.2.3", "2001:db8::5"},
		"version--1.4.2.tag.tamtam.":                    {"192.0.2.2"},
		"web.service.tamtam.":                           {"192.0.2.2", "192.0.2.3"},
		"stats.service.tamtam.":                         {"192.0.2.2"},
		"c0000201.addr.tamtam.":                         {"192.0.2.1"},
		"web-3.node.tamtam.":                            nil, // dead
		"none.node.tamtam.":                             nil,
		"role--cache.tag.tamtam.":                       nil,
		"cache.service.tamtam.":                         nil,
		"c0000204.addr.tamtam.":                         nil,
		"_web._tcp.service.tamtam.":                     nil, // has SRV alone
		"example.node.tamtam.":                          nil, // is above another name
		"node.tamtam.":                                  nil,
		"tamtam.":                                       nil,
		"db-1.node.tamtam.example.":                     nil, // elsewhere
		"db-1.tamtam.":                                  nil,
		"20010db8000000000000000000000005.addr.tamtam.": {"2001:db8::5"},
	} {
		got, err := r.LookupHost(t.Context(), name)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, want %v", name, got, err, want)
		}
		var dnsError *net.DNSError
		if want == nil && !errors.As(err, &dnsError) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if txt, err := r.LookupTXT(t.Context(), "db-1.node.tamtam."); err != nil ||
		!slices.Equal(txt, []string{"note=" + strings.Repeat("x", 300), "role=db", "service/pg=5432"}) {
		t.Errorf("%q, %v", txt, err)
	}
	_, srv, err := r.LookupSRV(t.Context(), "web", "tcp", "service.tamtam.")
	if err != nil || len(srv) != 2 || *srv[0] != (net.SRV{Target: "web-1.node.tamtam.", Port: 8080, Priority: 1, Weight: 1}) ||
		*srv[1] != (net.SRV{Target: "web-2.node.tamtam.", Port: 8081, Priority: 2, Weight: 5}) {
		t.Errorf("%+v, %v", srv, err)
	}
	// A name of two members is no target.
	_, srv, err = r.LookupSRV(t.Context(), "twins", "tcp", "service.tamtam.")
	for _, s := range srv {
		ips, _ := r.LookupHost(t.Context(), s.Target)
		if want := fmt.Sprintf("192.0.2.%d", 5+s.Port); !slices.Equal(ips, []string{want}) {
			t.Errorf("%+v is at %v, want %s", s, ips, want)
		}
	}
	if err != nil || len(srv) != 2 {
		t.Errorf("%+v, %v", srv, err)
	}
}

// exchange asks a question, and returns the answer.
func exchange(t *testing.T, z *zone, q dnsmessage.Question, edns int, stream bool) dnsmessage.Message {
	t.Helper()
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 7, RecursionDesired: true}, Questions: []dnsmessage.Question{q}}
	if edns > 0 {
		opt := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
		if err := opt.Header.SetEDNS0(edns, 0, false); err != nil {
			t.Fatal(err)
		}
		m.Additionals = append(m.Additionals, opt)
	}
	packet, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	b := z.respond(packet, stream)
	var got dnsmessage.Message
	if err := got.Unpack(b); err != nil {
		t.Fatalf("%v: %v", q, err)
	}
	if limit := min(max(512, edns), maxUDP); !stream && len(b) > limit {
		t.Errorf("%v: %d bytes, want at most %d", q, len(b), limit)
	}
	if got.ID != 7 || !got.Response || !got.RecursionDesired || got.RecursionAvailable || got.Truncated && len(got.Answers) > 0 {
		t.Errorf("%v: %+v", q, got.Header)
	}
	return got
}

func question(name string, t dnsmessage.Type) dnsmessage.Question {
	return dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: t, Class: dnsmessage.ClassINET}
}

// TestNegative: a name that does not exist differs from one that has no such record, and both say how long that may
// be kept.
func TestNegative(t *testing.T) {
	z := &zone{members: some()}
	for _, c := range []struct {
		name string
		kind dnsmessage.Type
		code dnsmessage.RCode
	}{
		{"none.node.tamtam.", dnsmessage.TypeA, dnsmessage.RCodeNameError},
		{"web-3.node.tamtam.", dnsmessage.TypeA, dnsmessage.RCodeNameError},
		{"none.tamtam.", dnsmessage.TypeA, dnsmessage.RCodeNameError},
		{"a.db-1.node.tamtam.", dnsmessage.TypeA, dnsmessage.RCodeNameError},
		{"_web._sctp.service.tamtam.", dnsmessage.TypeSRV, dnsmessage.RCodeNameError},
		{"web._tcp.service.tamtam.", dnsmessage.TypeSRV, dnsmessage.RCodeNameError},
		{"_stats._tcp.service.tamtam.", dnsmessage.TypeSRV, dnsmessage.RCodeNameError}, // is offered by UDP
		{"db-1.node.tamtam.", dnsmessage.TypeAAAA, 0},
		{"db-1.node.tamtam.", dnsmessage.TypeMX, 0},
		{"six.example.node.tamtam.", dnsmessage.TypeA, 0},
		{"example.node.tamtam.", dnsmessage.TypeA, 0},
		{"4.2.tag.tamtam.", dnsmessage.TypeA, 0}, // is above version--1.4.2
		{"_tcp.service.tamtam.", dnsmessage.TypeSRV, 0},
		{"_web._tcp.service.tamtam.", dnsmessage.TypeA, 0},
		{"node.tamtam.", dnsmessage.TypeA, 0},
		{"tamtam.", dnsmessage.TypeA, 0},
	} {
		got := exchange(t, z, question(c.name, c.kind), 0, false)
		if got.RCode != c.code || len(got.Answers) != 0 || !got.Authoritative || len(got.Authorities) != 1 {
			t.Errorf("%s %v: %+v", c.name, c.kind, got)
			continue
		}
		if body, ok := got.Authorities[0].Body.(*dnsmessage.SOAResource); !ok || body.MinTTL > 1 || got.Authorities[0].Header.TTL > 1 {
			t.Errorf("%s %v: %+v", c.name, c.kind, got.Authorities)
		}
	}
	if got := exchange(t, z, question("tamtam.", dnsmessage.TypeSOA), 0, false); len(got.Answers) != 1 {
		t.Errorf("%+v", got)
	}
}

// TestNotForUs: what is not asked of this server.
func TestNotForUs(t *testing.T) {
	z := &zone{members: some()}
	for _, name := range []string{"example.com.", ".", "xtamtam.", "db-1.node.tamtam.example."} {
		if got := exchange(t, z, question(name, dnsmessage.TypeA), 0, false); got.RCode != dnsmessage.RCodeRefused || got.Authoritative {
			t.Errorf("%s: %+v", name, got.Header)
		}
	}
	chaos := question("db-1.node.tamtam.", dnsmessage.TypeA)
	chaos.Class = dnsmessage.ClassCHAOS
	if got := exchange(t, z, chaos, 0, false); got.RCode != dnsmessage.RCodeRefused {
		t.Errorf("%+v", got.Header)
	}
	pack := func(m dnsmessage.Message) []byte {
		b, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	q := question("db-1.node.tamtam.", dnsmessage.TypeA)
	future := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
	_ = future.Header.SetEDNS0(1232, 0, false)
	future.Header.TTL |= 1 << 16
	for what, c := range map[string]struct {
		packet []byte
		code   dnsmessage.RCode
	}{
		"no question":      {pack(dnsmessage.Message{}), dnsmessage.RCodeFormatError},
		"two questions":    {pack(dnsmessage.Message{Questions: []dnsmessage.Question{q, q}}), dnsmessage.RCodeFormatError},
		"a notification":   {pack(dnsmessage.Message{Header: dnsmessage.Header{OpCode: 4}, Questions: []dnsmessage.Question{q}}), dnsmessage.RCodeNotImplemented},
		"EDNS 1":           {pack(dnsmessage.Message{Questions: []dnsmessage.Question{q}, Additionals: []dnsmessage.Resource{future}}), badVersion & 0xf},
		"a question's end": {pack(dnsmessage.Message{Questions: []dnsmessage.Question{q}})[:20], dnsmessage.RCodeFormatError},
	} {
		var got dnsmessage.Message
		if err := got.Unpack(z.respond(c.packet, false)); err != nil || got.RCode != c.code || len(got.Answers) != 0 {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	for what, packet := range map[string][]byte{
		"nothing": nil, "little": make([]byte, 11),
		"an answer": pack(dnsmessage.Message{Header: dnsmessage.Header{Response: true}, Questions: []dnsmessage.Question{q}}),
	} {
		if b := z.respond(packet, false); b != nil {
			t.Errorf("%s has an answer: %x", what, b)
		}
	}
}

// TestLong: an answer that is too long for UDP is had by TCP, in full up to a bound, and in random order.
func TestLong(t *testing.T) {
	var members listed
	for i := range 300 {
		members = append(members, at(fmt.Sprintf("10.0.%d.%d:9999", i/256, i%256), strings.Repeat("n", 60)+fmt.Sprint(i), tags.Set{"service/web": "80"}))
	}
	z := &zone{members: members}
	for name, kind := range map[string]dnsmessage.Type{"web.service.tamtam.": dnsmessage.TypeA, "_web._tcp.service.tamtam.": dnsmessage.TypeSRV} {
		for _, edns := range []int{0, 100, 1232, 65535} {
			if got := exchange(t, z, question(name, kind), edns, false); !got.Truncated || got.RCode != 0 {
				t.Errorf("%s, %d: %+v", name, edns, got.Header)
			}
		}
		first := exchange(t, z, question(name, kind), 0, true)
		second := exchange(t, z, question(name, kind), 0, true)
		if len(first.Answers) != maxRecords || first.Truncated {
			t.Errorf("%s: %d records, %+v", name, len(first.Answers), first.Header)
		}
		if fmt.Sprint(first.Answers) == fmt.Sprint(second.Answers) {
			t.Errorf("%s: twice in the same order", name)
		}
	}
	_, r := serve(t, members)
	if got, err := r.LookupHost(t.Context(), "web.service.tamtam."); err != nil || len(got) != maxRecords {
		t.Errorf("%d addresses, %v", len(got), err)
	}
	// A middling one fits if the client says so.
	z = &zone{members: members[:40]}
	if got := exchange(t, z, question("web.service.tamtam.", dnsmessage.TypeA), 0, false); !got.Truncated {
		t.Errorf("%+v", got.Header)
	}
	if got := exchange(t, z, question("web.service.tamtam.", dnsmessage.TypeA), 1232, false); got.Truncated || len(got.Answers) != 40 {
		t.Errorf("%+v", got.Header)
	}
}

// TestBounds: connections are bounded for a client, and closed when they are idle; questions have a rate.
func TestBounds(t *testing.T) {
	s, r := serve(t, some())
	var open []net.Conn
	for range maxConnectionsEach {
		c, err := net.Dial("tcp", s.sockets.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	more, err := net.Dial("tcp", s.sockets.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = more.SetDeadline(time.Now().Add(time.Minute))
	if _, err := more.Read(make([]byte, 1)); err == nil {
		t.Error("one connection too many has an answer")
	}
	for _, c := range append(open, more) {
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("an idle connection: %v", err)
		}
		_ = c.Close()
	}
	if s.counts.Get(refused) == 0 {
		t.Error("the refused connection is not counted")
	}

	udp, err := net.Dial("udp", s.sockets.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for range 3 * questionBurst {
		_, _ = udp.Write([]byte("a flood")) // some may not arrive
		if s.counts.Get(overRate) > 0 {
			break
		}
	}
	if s.counts.Get(overRate) == 0 && s.counts.Get(malformed) >= questionBurst {
		t.Error("a flood is not over the rate")
	}
	// It is over, some time later.
	deadline := time.Now().Add(time.Minute)
	for {
		if got, err := r.LookupHost(t.Context(), "db-1.node.tamtam."); err == nil && len(got) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no answer after a flood")
		}
	}
}

func TestListen(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:8653": "--dns-insecure",
		"0.0.0.0:8653":   "all addresses",
		":8653":          "all addresses",
		"[::]:8653":      "all addresses",
		"localhost":      "port",
	} {
		if s, err := Listen(address, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %q in it", address, s, err, want)
		}
	}
	s, err := Listen("127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := Listen(s.Addr().String(), false); err == nil {
		t.Error("an address can be bound twice")
	}
}

// FuzzRespond: no packet makes the server crash, or answer what cannot be parsed.
func FuzzRespond(f *testing.F) {
	z := &zone{members: some()}
	for _, name := range []string{"db-1.node.tamtam.", "web.service.tamtam.", "_web._tcp.service.tamtam.", "role--web.tag.tamtam.", "tamtam."} {
		m := dnsmessage.Message{Questions: []dnsmessage.Question{question(name, dnsmessage.TypeSRV)}}
		packet, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packet)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		for _, stream := range []bool{false, true} {
			b := z.respond(packet, stream)
			var m dnsmessage.Message
			if b != nil && (m.Unpack(b) != nil || !m.Response || !stream && len(b) > maxUDP) {
				t.Errorf("%x: %x", packet, b)
			}
		}
	})
}
