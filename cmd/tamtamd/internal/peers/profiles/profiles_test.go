// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package profiles

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

var (
	alice = netip.MustParseAddrPort("192.0.2.1:9999")
	bob   = netip.MustParseAddrPort("[2001:db8::2]:9999")
)

type members map[netip.AddrPort]member.Member

func (m members) Get(a netip.AddrPort) (member.Member, bool) {
	one, ok := m[a]
	return one, ok
}

// TestAsk: a node learns what a member knows of a dead one, and nothing of another session, of
// one that the member does not know, or of a member that does not know the question.
func TestAsk(t *testing.T) {
	known := member.Info{Session: 7, Name: "bob", Version: "v1", Tags: "t", MaxPayload: 256}
	other := New(Config{Members: members{
		bob:   {Addr: bob, Status: member.Dead, Info: known},
		alice: {Addr: alice, Status: member.Dead, Info: member.Info{Session: 7}}, // it has learned of it, too
	}})
	for _, c := range []struct {
		name    string
		of      netip.AddrPort
		session uint64
		err     error
		want    member.Info
		counter string
	}{
		{"known", bob, 7, nil, member.Info{Session: 7, Name: "bob", Version: "v1", Tags: "t"}, "profiles_learned"},
		{"another session", bob, 8, nil, member.Info{}, "profiles_unknown"},
		{"without a name there, too", alice, 7, nil, member.Info{}, "profiles_unknown"},
		{"unknown", netip.AddrPort{}, 7, nil, member.Info{}, "profiles_unknown"},
		{"an earlier version", bob, 7, errors.New("this version does not know the question"), member.Info{}, "profiles_unknown"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var have member.Info
			p := New(Config{
				Ask: func(_ context.Context, to netip.AddrPort, q *peerv1.Question) (*peerv1.Answer, error) {
					if to != alice {
						t.Errorf("%s: it asks %v", c.name, to)
					}
					if c.err != nil {
						return nil, c.err
					}
					return other.Answer(q.GetProfile())
				},
				Learned: func(of netip.AddrPort, info member.Info, by netip.AddrPort) {
					if have = info; of != c.of || by != alice {
						t.Errorf("%s: of %v by %v", c.name, of, by)
					}
				},
			})
			ctx, cancel := context.WithCancel(t.Context())
			go p.Run(ctx)
			p.Want(alice, c.of, c.session)
			synctest.Wait()
			cancel()
			counted := map[string]uint64{}
			if p.Counters(counted); have != c.want || counted[c.counter] != 1 {
				t.Errorf("%s: %+v, want %+v; counted %v", c.name, have, c.want, counted)
			}
		})
	}
}

// TestWantIsBounded: what is over the bound is counted, and nothing blocks.
func TestWantIsBounded(t *testing.T) {
	p := New(Config{})
	for range maxWanted + 3 {
		p.Want(alice, bob, 7)
	}
	counted := map[string]uint64{}
	if p.Counters(counted); counted["profiles_overflowed"] != 3 {
		t.Error(counted)
	}
}
