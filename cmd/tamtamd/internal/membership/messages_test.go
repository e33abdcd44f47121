// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// TestMemberList: a list of any length arrives whole, in messages that the wire carries,
// and asks once.
func TestMemberList(t *testing.T) {
	for _, n := range []int{0, 1, 62, 63, 300} {
		l := memberList{ask: true, digest: 7, records: 8, dead: 9}
		for i := range n {
			l.members = append(l.members, nth(i))
		}
		var got memberList
		asks := 0
		for _, b := range l.encode() {
			part, ok := parseMemberList(b)
			if !ok || part.digest != 7 || part.records != 8 || part.dead != 9 || len(b) > wire.MaxRelayedData {
				t.Fatalf("%d members: %d bytes, %+v", n, len(b), part)
			}
			if part.ask {
				asks++
			}
			got.members = append(got.members, part.members...)
		}
		if asks != 1 || !slices.Equal(got.members, l.members) {
			t.Errorf("%d of %d members, asked %d times", len(got.members), n, asks)
		}
	}
	if _, ok := parseMemberList(make([]byte, memberListFixed-1)); ok {
		t.Error("a short one is parsed")
	}
	if _, ok := parseMemberList(append([]byte{flagRecords}, make([]byte, memberListFixed-1+recordsSumSize-1)...)); ok {
		t.Error("one with half a digest is parsed")
	}
	if _, ok := parseMemberList(append([]byte{flagRecords | flagDeadSum}, make([]byte, memberListFixed-1+2*recordsSumSize-1)...)); ok {
		t.Error("one with half a digest of the dead is parsed")
	}
}

func TestRemoved(t *testing.T) {
	for _, a := range []netip.AddrPort{alice, netip.MustParseAddrPort("[2001:db8::1]:1")} {
		want := removed{target: a, session: 9}
		b := want.encode()
		if have, ok := parseRemoved(b); !ok || have != want {
			t.Errorf("%+v, want %+v", have, want)
		}
		if _, ok := parseRemoved(b[:len(b)-1]); ok {
			t.Error("a short one is parsed")
		}
	}
}

func TestProfile(t *testing.T) {
	full := Profile{
		MaxPayload: limits.MaxPayload, Name: strings.Repeat("n", maxName), Version: strings.Repeat("v", maxVersion), Tags: strings.Repeat("t", tags.MaxEncoded),
		Addressing: true, Retaining: true,
	}
	for _, p := range []Profile{{}, {MaxPayload: 256, Name: "Zoë", Version: "v1", Tags: "a=b"}, full} {
		text := p.Encode()
		later := "\x04later" // flags
		if p.Addressing {
			later = later[1:]
		}
		if have, ok := parseProfile(text + later); !ok || have != p || len(text) > wire.MaxProfile {
			t.Errorf("%+v, want %+v", have, p)
		}
		earlier := p // has no flags
		earlier.Addressing, earlier.Retaining = false, false
		if have, ok := parseProfile(earlier.Encode()); !ok || have != earlier {
			t.Errorf("%+v, want %+v", have, earlier)
		}
		for i := range earlier.Encode() {
			if have, ok := parseProfile(text[:i]); ok {
				t.Errorf("%d bytes of %d are parsed as %+v", i, len(text), have)
			}
		}
	}
	for name, p := range map[string]Profile{
		"an escape": {Name: "\x1b[2J"}, "no UTF-8": {Version: "\xff"}, "a long name": {Name: full.Name + "n"}, "long tags": {Tags: full.Tags + "t"},
	} {
		if _, ok := parseProfile(p.Encode()); ok {
			t.Errorf("%s is parsed", name)
		}
	}
	if p, _ := parseProfile(Profile{Version: full.Version + "v"}.Encode()); p.Version != full.Version {
		t.Errorf("version %q", p.Version)
	}
}

// FuzzMessages: whatever a member sends, what is read is written as the same bytes.
func FuzzMessages(f *testing.F) {
	f.Add(memberList{ask: true, digest: 7, members: []netip.AddrPort{alice, bob}}.encode()[0])
	f.Add(memberList{records: 8, members: []netip.AddrPort{alice}}.encode()[0])
	f.Add(memberList{records: 8, dead: 9, members: []netip.AddrPort{alice}}.encode()[0])
	f.Add(asking{digest: 7, takes: time.Second}.encode())
	f.Add(recordList{ask: true, buckets: 1, records: someRecords}.encode()[0])
	f.Add(recordList{digests: &spread.Buckets{1, 2}}.encode()[0])
	f.Add(recordList{digests: &spread.Buckets{1, 2}, dead: true}.encode()[0])
	f.Add(removed{target: alice, session: 9}.encode())
	f.Add([]byte(Profile{MaxPayload: 256, Name: "n", Version: "v", Tags: "a=b"}.Encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, ok := parseMemberList(b); ok && len(b) <= wire.MaxData {
			again, ok := parseMemberList(l.encode()[0])
			if !ok || again.ask != l.ask || again.digest != l.digest || again.records != l.records || l.records != 0 && again.dead != l.dead || !slices.Equal(again.members, l.members) {
				t.Errorf("%+v is read as %+v", l, again)
			}
		}
		if l, ok := parseRecordList(b); ok && len(b) <= wire.MaxData {
			again, ok := parseRecordList(l.encode()[0])
			if !ok || !again.equals(l) {
				t.Errorf("%+v is read as %+v", l, again)
			}
		}
		if a, ok := parseAsking(b); ok {
			if again, ok := parseAsking(a.encode()); !ok || again != a {
				t.Errorf("%+v is read as %+v", a, again)
			}
		}
		if r, ok := parseRemoved(b); ok {
			if again, ok := parseRemoved(r.encode()); !ok || again != r {
				t.Errorf("%+v is read as %+v", r, again)
			}
		}
		if p, ok := parseProfile(string(b)); ok {
			if again, ok := parseProfile(p.Encode()); !ok || again != p {
				t.Errorf("%+v is read as %+v", p, again)
			}
		}
	})
}
