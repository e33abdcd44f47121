// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"
)

// TestCookie: a cookie proves one address, session and nonce to the session that made it,
// for a while.
func TestCookie(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	other := s.node(at(1)) // another process
	const session, nonce = 7, 8
	cookie := a.cookie(at(2), session, nonce, 0)
	for _, c := range []struct {
		name           string
		by             *simNode
		addr           netip.AddrPort
		cookie         uint64
		session, nonce uint64
		want           bool
	}{
		{"the same", a, at(2), cookie, session, nonce, true},
		{"another cookie", a, at(2), cookie + 1, session, nonce, false},
		{"no cookie", a, at(2), 0, session, nonce, false},
		{"another address", a, at(3), cookie, session, nonce, false},
		{"another port", a, netip.AddrPortFrom(at(2).Addr(), 1), cookie, session, nonce, false},
		{"another session", a, at(2), cookie, session + 1, nonce, false},
		{"another nonce", a, at(2), cookie, session, nonce + 1, false},
		{"another process", other, at(2), cookie, session, nonce, false},
	} {
		if have := c.by.isCookie(c.cookie, c.addr, c.session, c.nonce); have != c.want {
			t.Errorf("%s: valid %v", c.name, have)
		}
	}
	for _, c := range []struct {
		age  time.Duration
		want bool
	}{{cookieLife - 1, true}, {cookieLife, true}, {2*cookieLife - 1, true}, {2 * cookieLife, false}} {
		a.advance(s.now.Add(c.age))
		if have := a.isCookie(cookie, at(2), session, nonce); have != c.want {
			t.Errorf("after %v: valid %v", c.age, have)
		}
	}
	fresh := a.cookie(at(2), session, nonce, 0)
	a.Renew(a.now)
	if a.isCookie(fresh, at(2), session, nonce) {
		t.Error("it is valid in another session of the receiver")
	}
}
